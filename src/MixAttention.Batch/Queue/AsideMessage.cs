using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Queue;

/// <summary>A message that waits for a person.</summary>
/// <param name="Id">Names it among those put aside.</param>
/// <param name="MessageId">The message's id; several messages put aside may share one.</param>
/// <param name="Message">The message; null when its body cannot be read.</param>
/// <param name="Reason">Why it was put aside.</param>
/// <param name="Cure">What a person can do.</param>
/// <param name="PutAsideAt">When, by the clock of who put it aside.</param>
/// <param name="DeliveryCount">How often it had been delivered.</param>
/// <param name="FailureCount">How often it had been given back as failed.</param>
public sealed record AsideMessage(
    string Id,
    string MessageId,
    JobMessage? Message,
    string Reason,
    string Cure,
    DateTimeOffset PutAsideAt,
    int DeliveryCount,
    int FailureCount);
