using System.Runtime.CompilerServices;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Runs a finished job's failed requests again: they become a segment of their own, whose results take the place of the failures.</summary>
/// <param name="store">The store.</param>
/// <param name="queue">The queue.</param>
public sealed class JobRetry(IArtifactStore store, IJobQueue queue)
{
    /// <summary>Gets the most documents of a shard.</summary>
    /// <value>64 unless set.</value>
    public int DocumentsPerShard { get; init; } = 64;

    /// <summary>Submits the failed requests.</summary>
    /// <param name="job">The job.</param>
    /// <param name="codes">The error codes of those that are meant; none means all.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The number of requests that will run again.</returns>
    /// <exception cref="BatchException">The job is not finished, or only its outputs are left.</exception>
    public async Task<int> SubmitAsync(JobManifest job, IReadOnlyCollection<string> codes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(codes);
        var artifacts = new JobArtifacts(job.JobId);
        var plan = await JobPlan.ReadAsync(store, job, cancellationToken).ConfigureAwait(false);
        if (plan.Segments.Count == 0)
            throw BatchException.Usage($"Of job {job.JobId} only the outputs are left. Submit its documents again.");

        // A submission that died may have left shards without messages: they are sent whenever somebody asks.
        if (await OpenShards.SendAsync(store, queue, job, plan, cancellationToken).ConfigureAwait(false) is var open && open > 0)
            throw BatchException.Usage($"Job {job.JobId} is not finished: {open} of its requests are in shards that are not committed. Let workers finish it, or cancel it, before its failures are run again.");

        var failed = await new JobResults(store, artifacts, plan).ListFailedAsync(withUnfinished: false, codes, cancellationToken).ConfigureAwait(false);
        if (failed.Count == 0)
            return 0;
        var segment = new JobSegment(store, job, plan, DocumentsPerShard);
        var documents = ListDocumentsAsync(artifacts, plan, failed, cancellationToken);
        var shards = await Listing.WriteAsync(store, segment.Listing, documents, plan.ShardCount, DocumentsPerShard, cancellationToken).ConfigureAwait(false);
        var extended = await segment.CommitAsync(shards, plan.Run + 1, isRetry: true, cancellationToken).ConfigureAwait(false);
        return await OpenShards.SendAsync(store, queue, job, extended, cancellationToken).ConfigureAwait(false);
    }

    private async IAsyncEnumerable<ListedDocument> ListDocumentsAsync(JobArtifacts artifacts, JobPlan plan, IReadOnlySet<int> rows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var document in Listing.ReadAllAsync(store, artifacts, plan, cancellationToken).ConfigureAwait(false))
        {
            int[] instructions = [.. Enumerable.Range(0, document.Requests).Where(i => rows.Contains(document.Row + i))];
            if (instructions.Length > 0)
                yield return document with { Instructions = instructions };
        }
    }
}
