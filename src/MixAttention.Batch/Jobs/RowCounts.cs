using MixAttention.Batch.Shards;

namespace MixAttention.Batch.Jobs;

/// <summary>Sums what a job's requests came to, shard by shard.</summary>
/// <param name="Succeeded">Requests that have succeeded, at once or again.</param>
/// <param name="Failed">Requests that have failed and not succeeded since.</param>
internal readonly record struct RowCounts(int Succeeded, int Failed)
{
    /// <summary>Adds a shard. The requests of a retry had failed before: those that succeed now are failures no more.</summary>
    public RowCounts Add(ShardPlan segment, ShardCounts counts) =>
        segment.IsRetry ? new RowCounts(Succeeded + counts.Succeeded, Failed - counts.Succeeded) : new RowCounts(Succeeded + counts.Succeeded, Failed + counts.Failed);
}
