using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>Where a queue lies: a namespace of Service Bus and a queue in it.</summary>
/// <param name="Host">The namespace's full name, such as <c>jobs.servicebus.windows.net</c>; for an emulator this machine, such as <c>127.0.0.1</c>.</param>
/// <param name="Port">The emulator's port; null for a namespace, which is reached at the ports of AMQP over TLS.</param>
/// <param name="Queue">The queue.</param>
public sealed partial record ServiceBusAddress(string Host, int? Port, string Queue)
{
    /// <summary>Gets whether this is an emulator on this machine: only such a one is reached without an identity.</summary>
    public bool IsEmulator => Port is not null;

    /// <summary>Reads <c>sb://NAMESPACE.servicebus.windows.net/QUEUE</c> or, for an emulator, <c>sb://127.0.0.1:PORT/QUEUE</c>.</summary>
    /// <param name="text">The address; a connection string, a user or a query is refused, since keys are not how workers sign in.</param>
    /// <param name="address">The address read.</param>
    /// <returns>False where the text is no such address.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out ServiceBusAddress? address)
    {
        address = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme != "sb" || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
            return false;
        string queue = uri.AbsolutePath.Trim('/');
        // This machine needs a port, and no other machine may have one: it would be spoken to without encryption.
        if (uri.IsLoopback == uri.IsDefaultPort || !QueueName().IsMatch(queue) || (!uri.IsLoopback && !uri.Host.Contains('.', StringComparison.Ordinal)))
            return false;
        address = new ServiceBusAddress(uri.Host, uri.IsLoopback ? uri.Port : null, queue);
        return true;
    }

    /// <summary>Writes the address as it is read.</summary>
    public override string ToString() => Port is { } port ? $"sb://{Host}:{port}/{Queue}" : $"sb://{Host}/{Queue}";

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,258}[A-Za-z0-9]$|^[A-Za-z0-9]$", RegexOptions.NonBacktracking)]
    private static partial Regex QueueName();
}
