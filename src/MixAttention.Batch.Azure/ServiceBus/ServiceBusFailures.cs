using System.Net.Sockets;
using Azure.Identity;
using Azure.Messaging.ServiceBus;
using MixAttention.Batch.Queue;
using Polly.Timeout;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>Tells which failures may pass by themselves, and says of each what, where, why and what to do.</summary>
/// <param name="address">The queue.</param>
internal sealed class ServiceBusFailures(ServiceBusAddress address)
{
    private volatile bool _hasWorked;

    /// <summary>Notes that a call succeeded: from then on a refused identity is a token that ran out, not a role that is missing.</summary>
    public void NoteSuccess() => _hasWorked = true;

    /// <summary>Whether the same call may succeed soon.</summary>
    public bool IsTransient(Exception? failure) => failure switch
    {
        ServiceBusException { Reason: ServiceBusFailureReason.ServiceBusy or ServiceBusFailureReason.ServiceTimeout or ServiceBusFailureReason.ServiceCommunicationProblem } => true,
        ServiceBusException { Reason: ServiceBusFailureReason.MessageLockLost } => false,
        ServiceBusException bus => bus.IsTransient,
        UnauthorizedAccessException => _hasWorked,
        AuthenticationFailedException => true, // The identity service answers late, or not at all.
        TimeoutRejectedException or TimeoutException or SocketException or IOException => true,
        ObjectDisposedException disposed => IsReplaced(disposed),
        _ => false,
    };

    /// <summary>Whether a call's exception is a failure of the queue; else it is an error of the program or the end of a caller's patience.</summary>
    public static bool IsFailure(Exception exception) =>
        exception is ServiceBusException or UnauthorizedAccessException or AuthenticationFailedException or TimeoutRejectedException or TimeoutException or SocketException or IOException
        || (exception is ObjectDisposedException disposed && IsReplaced(disposed));

    /// <summary>Explains a failure.</summary>
    /// <param name="what">What was not done.</param>
    /// <param name="failure">A failure of the queue.</param>
    public QueueException Explain(string what, Exception failure)
    {
        var (why, cure) = failure switch
        {
            ServiceBusException { Reason: ServiceBusFailureReason.MessagingEntityNotFound } => ("there is no such queue", "Create it, or correct --queue"),
            ServiceBusException { Reason: ServiceBusFailureReason.MessagingEntityDisabled } => ("the queue is disabled", "Enable it"),
            ServiceBusException { Reason: ServiceBusFailureReason.QuotaExceeded } => ("the queue is full", "Let workers empty it, drop messages put aside, or give it more room"),
            ServiceBusException { Reason: ServiceBusFailureReason.ServiceBusy } => ("the service is busy", "Try again later; if that lasts, give the namespace more capacity"),
            UnauthorizedAccessException => ("this identity is not allowed to", "Give it the role Azure Service Bus Data Receiver on the queue (workers) or Azure Service Bus Data Sender (who submits); a new role takes some minutes"),
            AuthenticationFailedException => ("this identity cannot sign in", "Check the workload identity of the pod, or sign in with az login"),
            _ => ("the service did not answer", "Try again; if that lasts, check that this machine reaches it"),
        };
        return new QueueException($"{what} failed at the queue {address}: {why} ({FirstLine(failure)}). {cure}.", IsTransient(failure), failure);
    }

    // A connection of the SDK that a new one took the place of, and not the queue itself.
    private static bool IsReplaced(ObjectDisposedException disposed) => disposed.ObjectName != typeof(ServiceBusJobQueue).FullName;

    // The SDK adds lines with links to its own troubleshooting.
    private static string FirstLine(Exception failure) => failure.Message.Split('\n')[0].Trim().TrimEnd('.');
}
