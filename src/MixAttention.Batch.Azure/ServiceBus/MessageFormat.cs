using System.Globalization;
using Azure.Messaging.ServiceBus;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>Writes and reads messages of Service Bus: the body is that of every queue, the properties are for the service, for people and for counts.</summary>
internal static class MessageFormat
{
    /// <summary>The id of the message that a copy was made of: copies need ids of their own, or the service would take them for duplicates.</summary>
    public const string OriginalId = "message_id";

    /// <summary>How often the message was given back as failed.</summary>
    public const string Failures = "failure_count";

    /// <summary>How often the message was delivered before it was copied.</summary>
    public const string EarlierDeliveries = "earlier_deliveries";

    /// <summary>When the message was put aside, in milliseconds since 1970.</summary>
    public const string PutAsideAt = "put_aside_at";

    /// <summary>How often the message had been delivered when it was put aside: to list or resend others delivers it again.</summary>
    public const string PutAsideDeliveries = "put_aside_deliveries";

    private const string Schema = "schema";
    private const string Traceparent = "traceparent";
    private const string DiagnosticId = "Diagnostic-Id"; // Older clients look for the trace context under this name.
    private const string Kind = "run";
    private const int MaxReasonLength = 4096; // The service takes no more of a reason or of a description.

    private static readonly string[] Counts = [Failures, EarlierDeliveries, PutAsideAt, PutAsideDeliveries];

    /// <summary>Writes a message.</summary>
    /// <exception cref="ArgumentException">The message breaks a rule of <see cref="JobMessageBody"/>.</exception>
    public static ServiceBusMessage Write(JobMessage message)
    {
        var written = new ServiceBusMessage(JobMessageBody.Write(message))
        {
            MessageId = message.MessageId,
            CorrelationId = message.JobId,
            Subject = Kind,
            ContentType = "application/json",
            ApplicationProperties = { [Schema] = message.Schema },
        };
        if (message.Traceparent is { } traceparent)
        {
            written.ApplicationProperties[Traceparent] = traceparent;
            written.ApplicationProperties[DiagnosticId] = traceparent;
        }

        return written;
    }

    /// <summary>Copies a message that keeps its counts.</summary>
    /// <param name="received">The message.</param>
    /// <param name="copyId">The copy's id.</param>
    /// <param name="failures">The copy's failures.</param>
    public static ServiceBusMessage CopyWithCounts(ServiceBusReceivedMessage received, string copyId, int failures)
    {
        var copy = CopyAsNew(received, copyId);
        copy.ApplicationProperties[Failures] = failures;
        copy.ApplicationProperties[EarlierDeliveries] = CountDeliveries(received);
        return copy;
    }

    /// <summary>Copies a message as if it had never been delivered.</summary>
    public static ServiceBusMessage CopyAsNew(ServiceBusReceivedMessage received, string copyId)
    {
        var copy = new ServiceBusMessage(received) { MessageId = copyId };
        copy.ApplicationProperties[OriginalId] = IdOf(received);
        foreach (string name in Counts)
            copy.ApplicationProperties.Remove(name);
        return copy;
    }

    /// <summary>Reads a delivery.</summary>
    public static JobDelivery Read(ServiceBusReceivedMessage received)
    {
        var message = ReadBody(received, out string? problem);
        return new JobDelivery(
            IdOf(received), message, problem, received.LockToken, received.LockedUntil, received.EnqueuedTime, CountDeliveries(received), Number(received, Failures));
    }

    /// <summary>Reads a message put aside, by us or by the service.</summary>
    public static AsideMessage ReadAside(ServiceBusReceivedMessage received)
    {
        int deliveries = Number(received, PutAsideDeliveries) is var counted and > 0 ? counted : CountDeliveries(received);
        string reason = received.DeadLetterReason ?? "unknown";
        string cure = reason switch
        {
            "MaxDeliveryCountExceeded" => "It was delivered as often as the queue allows and never settled: its workers died, or were stopped, each time. Look at their logs, then send it again.",
            "TTLExpiredException" => "It lay in the queue for longer than the queue keeps messages. Send it again if its job is still wanted.",
            _ => received.DeadLetterErrorDescription ?? "Somebody else put it aside without a word. Look at the message, then send it again or drop it.",
        };
        var putAsideAt = received.ApplicationProperties.TryGetValue(PutAsideAt, out object? at) && at is long milliseconds
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : received.EnqueuedTime;
        return new AsideMessage(
            received.SequenceNumber.ToString(CultureInfo.InvariantCulture), IdOf(received), ReadBody(received, out _), reason, cure, putAsideAt, deliveries, Number(received, Failures));
    }

    /// <summary>Counts the deliveries of a message and of what it was copied from.</summary>
    public static int CountDeliveries(ServiceBusReceivedMessage received) => Number(received, EarlierDeliveries) + received.DeliveryCount;

    /// <summary>Reads how often a message was given back as failed.</summary>
    public static int CountFailures(ServiceBusReceivedMessage received) => Number(received, Failures);

    /// <summary>Cuts a reason or a description to what the service takes.</summary>
    public static string Fit(string text) => text.Length <= MaxReasonLength ? text : text[..(MaxReasonLength - 1)] + '…';

    private static string IdOf(ServiceBusReceivedMessage received) =>
        received.ApplicationProperties.TryGetValue(OriginalId, out object? original) && original is string id ? id : received.MessageId ?? "";

    private static JobMessage? ReadBody(ServiceBusReceivedMessage received, out string? problem)
    {
        ReadOnlyMemory<byte> body;
        try
        {
            body = received.Body;
        }
        catch (NotSupportedException)
        {
            problem = "The body is no bytes but a value of AMQP, which mixbatch never writes. Drop the message, or ask who sent it.";
            return null;
        }

        var message = JobMessageBody.Read(body.Span, out problem);
        return message is null || message.Traceparent is not null ? message : message with { Traceparent = Text(received, Traceparent) ?? Text(received, DiagnosticId) };
    }

    private static string? Text(ServiceBusReceivedMessage received, string name) => received.ApplicationProperties.TryGetValue(name, out object? value) ? value as string : null;

    private static int Number(ServiceBusReceivedMessage received, string name) => received.ApplicationProperties.TryGetValue(name, out object? value) && value is int and > 0 ? (int)value : 0;
}
