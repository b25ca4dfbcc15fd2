namespace MixAttention.Batch.Queue;

/// <summary>Says how many messages are in which state.</summary>
/// <param name="Ready">Could be received now.</param>
/// <param name="Delayed">Kept back until later.</param>
/// <param name="Locked">In a receiver's hands.</param>
/// <param name="Aside">Put aside for a person.</param>
public sealed record QueueCounts(long Ready, long Delayed, long Locked, long Aside);
