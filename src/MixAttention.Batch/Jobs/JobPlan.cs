using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>All segments of a job's plan.</summary>
/// <param name="Segments">In order of their numbers; none once the job was deleted but for its outputs.</param>
public sealed record JobPlan(IReadOnlyList<ShardPlan> Segments)
{
    /// <summary>Gets the number of requests.</summary>
    public int Rows { get; } = Segments.Where(s => !s.IsRetry).SelectMany(s => s.Shards).Sum(s => s.Rows);

    /// <summary>Gets all shards, in order of their numbers, retries included.</summary>
    public IEnumerable<PlannedShard> Shards => Segments.SelectMany(s => s.Shards);

    /// <summary>Gets all shards with their segments, in order of their numbers.</summary>
    public IEnumerable<(ShardPlan Segment, PlannedShard Shard)> SegmentShards => Segments.SelectMany(s => s.Shards, (segment, shard) => (segment, shard));

    /// <summary>Gets the number of shards; they are numbered from 0.</summary>
    public int ShardCount { get; } = Segments.Sum(s => s.Shards.Count);

    /// <summary>Gets the latest submission.</summary>
    public int Run { get; } = Segments.Select(s => s.Run).DefaultIfEmpty().Max();

    /// <summary>Finds a shard and its segment.</summary>
    /// <returns>Null when the plan has no such shard.</returns>
    public (ShardPlan Segment, PlannedShard Shard)? Find(int shard)
    {
        foreach (var segment in Segments)
        {
            int index = segment.Shards.Count == 0 ? -1 : shard - segment.Shards[0].Shard;
            if (index >= 0 && index < segment.Shards.Count)
                return (segment, segment.Shards[index]);
        }

        return null;
    }

    /// <summary>Reads the plan of a job.</summary>
    /// <exception cref="ContractException">A segment is of another version or damaged.</exception>
    public static async Task<JobPlan> ReadAsync(IArtifactStore store, JobManifest job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(job);
        var segments = new List<ShardPlan>();
        await foreach (var artifact in store.ListAsync(new JobArtifacts(job.JobId).Plans(job.PlanId!), cancellationToken).ConfigureAwait(false))
        {
            var content = await store.ReadBytesAsync(artifact.Name, cancellationToken).ConfigureAwait(false);
            if (content is not null)
                segments.Add(ContractJson.Read(content.Bytes, ShardPlan.CurrentSchema, ContractJson.Default.ShardPlan, artifact.Name));
        }

        return new JobPlan(segments);
    }
}
