namespace MixAttention.Batch.Queue;

/// <summary>Says how many messages are in which state.</summary>
/// <param name="Ready">Could be received now; with those that are locked where <paramref name="Locked"/> is null.</param>
/// <param name="Delayed">Kept back until later.</param>
/// <param name="Locked">In a receiver's hands; null where the queue does not tell.</param>
/// <param name="Aside">Put aside for a person.</param>
public sealed record QueueCounts(long Ready, long Delayed, long? Locked, long Aside);
