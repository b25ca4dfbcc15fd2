namespace MixAttention.Batch.Azure.Tests.Broker;

/// <summary>How a queue of the test broker behaves; the defaults are those of the service where it has any.</summary>
internal sealed record BrokerQueueSettings
{
    public TimeSpan LockDuration { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets after how many deliveries without completion a message is dead-lettered.</summary>
    public int MaxDeliveryCount { get; init; } = 10;

    /// <summary>Gets for how long an id that was sent makes later ones duplicates; null for ever takes all.</summary>
    public TimeSpan? DuplicateWindow { get; init; }

    public int MaxMessageBytes { get; init; } = 256 * 1024;

    /// <summary>Gets how many messages fill the queue.</summary>
    public int MaxMessages { get; init; } = int.MaxValue;

    /// <summary>Gets whether a lock may be settled through another link than the one that brought its message, once that one is gone.</summary>
    public bool SettlesLocksOfGoneLinks { get; init; }
}
