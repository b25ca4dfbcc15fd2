using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Queue;

/// <summary>A message in the hands of one receiver.</summary>
/// <param name="MessageId">The message's id, also where its body cannot be read.</param>
/// <param name="Message">The message; null when its body cannot be read.</param>
/// <param name="Problem">Why the body cannot be read and what to do; null when it can.</param>
/// <param name="LockToken">Names this delivery; another one at each delivery.</param>
/// <param name="LockedUntil">When the lock runs out, by the queue's clock, unless it is renewed.</param>
/// <param name="EnqueuedAt">When the message was sent, by the queue's clock.</param>
/// <param name="DeliveryCount">How often it was delivered, with this time: 1 at first. Rises also when workers are stopped or die.</param>
/// <param name="FailureCount">How often it was given back as failed.</param>
public sealed record JobDelivery(
    string MessageId,
    JobMessage? Message,
    string? Problem,
    string LockToken,
    DateTimeOffset LockedUntil,
    DateTimeOffset EnqueuedAt,
    int DeliveryCount,
    int FailureCount);
