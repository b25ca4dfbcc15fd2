using MixAttention.Batch.Queue;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Tells where jobs are, from what their store and queue hold.</summary>
/// <param name="store">The store.</param>
/// <param name="queue">The queue; null does not look for messages put aside.</param>
public sealed class JobStatusReader(IArtifactStore store, IJobQueue? queue)
{
    /// <summary>Tells where a job is.</summary>
    /// <exception cref="ContractException">What the store holds of it is of another version or damaged.</exception>
    public async Task<JobStatus> ReadAsync(JobManifest manifest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var artifacts = new JobArtifacts(manifest.JobId);
        var plan = await JobPlan.ReadAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        var marker = await CommittedMarker.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false);
        return marker?.Segments >= plan.Segments.Count
            ? Describe(manifest, plan, marker)
            : await DescribeOpenAsync(manifest, artifacts, plan, cancellationToken).ConfigureAwait(false);
    }

    private static JobStatus Describe(JobManifest manifest, JobPlan plan, CommittedMarker marker)
    {
        var artifacts = new JobArtifacts(manifest.JobId);
        long at = marker.CompletedAt.ToUnixTimeSeconds();
        var status = marker.Ended switch
        {
            null => BatchStatus.Completed,
            EndReason.Expired => BatchStatus.Expired,
            _ => BatchStatus.Cancelled,
        };
        return Begin(manifest, status, marker.Succeeded + marker.Failed, new RowCounts(marker.Succeeded, marker.Failed)) with
        {
            OutputFileId = artifacts.Output,
            ErrorFileId = artifacts.Errors,
            CompletedAt = status == BatchStatus.Completed ? at : null,
            ExpiredAt = status == BatchStatus.Expired ? at : null,
            CancelledAt = status == BatchStatus.Cancelled ? at : null,
            Usage = new JobUsage(marker.PromptTokens, marker.CompletionTokens, marker.PromptTokens + marker.CompletionTokens),
            XBatch = new JobDetails { Fingerprint = manifest.Fingerprint, Shards = plan.ShardCount, ShardsCommitted = plan.ShardCount, Ended = marker.Ended },
        };
    }

    private async Task<JobStatus> DescribeOpenAsync(JobManifest manifest, JobArtifacts artifacts, JobPlan plan, CancellationToken cancellationToken)
    {
        var open = (await OpenShards.ListAsync(store, artifacts, plan, cancellationToken).ConfigureAwait(false)).Select(o => o.Shard.Shard).ToHashSet();
        var counts = new RowCounts();
        int running = 0, again = 0, crashes = 0, suspects = 0;
        foreach (var (segment, shard) in plan.Segments.SelectMany(s => s.Shards, (segment, shard) => (segment, shard)))
        {
            var state = (await ShardOwnership.ReadAsync(store, artifacts.State(shard.Shard), cancellationToken).ConfigureAwait(false))?.State;
            crashes += state?.Crashes ?? 0;
            suspects += state?.Suspects.Count(s => s.RunsAlone) ?? 0;
            if (!open.Contains(shard.Shard))
            {
                counts = counts.Add(segment, state?.Counts ?? await CountPartAsync(artifacts.Part(shard.Shard), cancellationToken).ConfigureAwait(false));
                continue;
            }

            var history = await ShardHistory.ReadAsync(store, artifacts, shard.Shard, fingerprint: null, cancellationToken).ConfigureAwait(false);
            counts = counts.Add(segment, Count(history.Finished.Values));
            running += state is null || history.IsDrained(state.Generation) ? 0 : history.Unfinished(state.Generation).Count;
            again += segment.IsRetry ? shard.Rows - history.Finished.Count : 0;
        }

        // A request that runs again is no failure until it has failed again.
        counts = counts with { Failed = counts.Failed - again };
        var control = await JobControl.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false);
        var ended = control?.UpToRun >= plan.Run ? control.Reason : (EndReason?)null;
        var status = ended is not null ? BatchStatus.Cancelling : open.Count == 0 ? BatchStatus.Finalizing : BatchStatus.InProgress;
        return Begin(manifest, status, plan.Rows, counts) with
        {
            XBatch = new JobDetails
            {
                Fingerprint = manifest.Fingerprint,
                Shards = plan.ShardCount,
                ShardsCommitted = plan.ShardCount - open.Count,
                RowsRunning = running,
                RowsQueued = plan.Rows - counts.Succeeded - counts.Failed - running,
                Crashes = crashes,
                Suspects = suspects,
                Ended = ended,
                PutAside = await ListAsideAsync(manifest.JobId, cancellationToken).ConfigureAwait(false),
            },
        };
    }

    private static JobStatus Begin(JobManifest manifest, BatchStatus status, int rows, RowCounts counts) => new()
    {
        Id = manifest.JobId,
        Endpoint = "/v1/chat/completions",
        Model = manifest.ModelName,
        InputFileId = new JobArtifacts(manifest.JobId).Listing(0, manifest.PlanId!),
        Status = status,
        CreatedAt = manifest.CreatedAt.ToUnixTimeSeconds(),
        ExpiresAt = manifest.Limits.Deadline?.ToUnixTimeSeconds(),
        RequestCounts = new RequestCounts(rows, counts.Succeeded, counts.Failed),
        XBatch = new JobDetails { Fingerprint = manifest.Fingerprint, Shards = 0, ShardsCommitted = 0 },
    };

    /// <summary>Counts a part whose committer died, or has not come to it yet, before it noted the counts.</summary>
    private async Task<ShardCounts> CountPartAsync(string part, CancellationToken cancellationToken)
    {
        var content = await store.ReadBytesAsync(part, cancellationToken).ConfigureAwait(false);
        return Count(CheckpointSegment.SplitLines(content?.Bytes ?? []).Select(ResultLine.Parse));
    }

    private static ShardCounts Count(IEnumerable<ResultLine> lines)
    {
        var failures = lines.ToLookup(l => l.IsFailure);
        return new ShardCounts(failures[false].Count(), failures[true].Count());
    }

    private async Task<IReadOnlyList<ShardAside>> ListAsideAsync(string jobId, CancellationToken cancellationToken)
    {
        var asides = new List<ShardAside>();
        if (queue is null)
            return asides;
        await foreach (var aside in queue.ListAsideAsync(cancellationToken).ConfigureAwait(false))
        {
            if (aside.Message is { } message && message.JobId == jobId)
                asides.Add(new ShardAside(message.Shard, aside.Reason, aside.Cure));
        }

        return asides;
    }
}
