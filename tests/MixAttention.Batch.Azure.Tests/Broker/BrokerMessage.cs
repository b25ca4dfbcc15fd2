using Amqp;
using Amqp.Framing;
using Amqp.Types;

namespace MixAttention.Batch.Azure.Tests.Broker;

/// <summary>A message in a queue of the test broker.</summary>
/// <param name="content">What was sent.</param>
/// <param name="sequence">Its number, which no other message of the broker has.</param>
internal sealed class BrokerMessage(Message content, long sequence)
{
    private static readonly Symbol SequenceNumber = "x-opt-sequence-number";
    private static readonly Symbol EnqueuedTime = "x-opt-enqueued-time";
    private static readonly Symbol LockedUntilTime = "x-opt-locked-until";
    private static readonly Symbol State = "x-opt-message-state";
    private static readonly Symbol ScheduledTime = "x-opt-scheduled-enqueue-time";

    public Message Content => content;

    public long Sequence => sequence;

    public string? MessageId => content.Properties?.GetMessageId()?.ToString();

    /// <summary>Gets when the sender wants it to be there; null for at once.</summary>
    public DateTime? ScheduledFor => content.MessageAnnotations?.Map[ScheduledTime] as DateTime?;

    public DateTime EnqueuedAt { get; set; }

    /// <summary>Gets or sets how often it was given back or its lock ran out.</summary>
    public uint FailedDeliveries { get; set; }

    public Guid LockToken { get; set; }

    public DateTime LockedUntil { get; set; }

    /// <summary>Gets or sets the link that it was sent through.</summary>
    public object? Holder { get; set; }

    /// <summary>Changes application properties.</summary>
    public void Change(Map? changes)
    {
        foreach (var (name, value) in changes ?? [])
            (content.ApplicationProperties ??= new ApplicationProperties()).Map[name.ToString()!] = value; // Names are symbols or strings.
    }

    /// <summary>Writes it as a delivery, whose tag is its lock token, or as an answer to who only looks.</summary>
    public LockedMessage Write(bool isScheduled = false)
    {
        var written = new LockedMessage
        {
            LockToken = LockToken,
            Header = new Header { Durable = true, DeliveryCount = FailedDeliveries }, // Clients want the count, zero included.
            MessageAnnotations = new MessageAnnotations(),
            Properties = content.Properties,
            ApplicationProperties = content.ApplicationProperties,
            BodySection = content.BodySection,
        };
        var annotations = written.MessageAnnotations.Map;
        foreach (var (name, value) in content.MessageAnnotations?.Map ?? [])
            annotations[name] = value;
        annotations[SequenceNumber] = sequence;
        annotations[EnqueuedTime] = EnqueuedAt;
        annotations[State] = isScheduled ? 2 : 0;
        if (LockedUntil != default)
            annotations[LockedUntilTime] = LockedUntil;
        return written;
    }
}

/// <summary>A message on its way to a receiver.</summary>
internal sealed class LockedMessage : Message
{
    public Guid LockToken { get; init; }
}
