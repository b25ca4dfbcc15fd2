using MixAttention.Batch.Queue;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>The shards of a job that have no results yet.</summary>
public static class OpenShards
{
    /// <summary>Lists them, in order of their numbers.</summary>
    public static async Task<IReadOnlyList<(ShardPlan Segment, PlannedShard Shard)>> ListAsync(IArtifactStore store, JobArtifacts artifacts, JobPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(artifacts);
        ArgumentNullException.ThrowIfNull(plan);
        var parts = new HashSet<string>();
        await foreach (var part in store.ListAsync(artifacts.Parts, cancellationToken).ConfigureAwait(false))
            parts.Add(part.Name);
        return [.. plan.SegmentShards.Where(s => !parts.Contains(artifacts.Part(s.Shard.Shard)))];
    }

    /// <summary>Sends a message for each; those that are in the queue already stay as they are.</summary>
    /// <returns>The number of requests that they hold.</returns>
    public static async Task<int> SendAsync(IArtifactStore store, IJobQueue queue, JobManifest job, JobPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(job);
        var artifacts = new JobArtifacts(job.JobId);
        int rows = 0;
        foreach (var (segment, shard) in await ListAsync(store, artifacts, plan, cancellationToken).ConfigureAwait(false))
        {
            await queue.SendAsync(new JobMessage(job.JobId, shard.Shard, artifacts.Manifest, job.ModelName, segment.Run), cancellationToken: cancellationToken).ConfigureAwait(false);
            rows += shard.Rows;
        }

        return rows;
    }
}
