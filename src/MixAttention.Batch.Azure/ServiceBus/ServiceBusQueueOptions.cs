namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>What the operator decides about a queue on Service Bus.</summary>
public sealed record ServiceBusQueueOptions
{
    /// <summary>Gets how long the queue's locks last: no longer than its own lock duration, which only its administrators can read.</summary>
    /// <value>One minute unless set, which is what queues are made with. A shorter one only renews more often; a delivery that shows that it is too long makes it shorter.</value>
    public TimeSpan LockDuration { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets how long a connection may bring nothing before the queue is looked into, and a new connection takes its place if there are messages.</summary>
    /// <value>Five minutes unless set.</value>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Gets how long one try of a call may take.</summary>
    /// <value>Ten seconds unless set.</value>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets how long a receive without waiting waits nevertheless, since the service says nothing where it has nothing.</summary>
    internal TimeSpan LookTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets the longest time that the service is asked to wait for a message at once.</summary>
    internal TimeSpan LongestReceive { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Gets how long a message that arrived after its receiver had left is kept for the next one.</summary>
    internal TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets how long the connections may take to close.</summary>
    internal TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(3);
}
