using MixAttention.Batch.Queue;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Writes jobs into a store and sends their shards to a queue.</summary>
/// <remarks>
/// A job's input is frozen: every document or row is listed with its length and digest. Listings come first, then the plan, then the manifest, which names the plan, then the messages, so a
/// submission that dies leaves a job whole or none, and submitting again sends what was not sent.
/// </remarks>
/// <param name="store">The store.</param>
/// <param name="queue">The queue.</param>
/// <param name="time">The clock.</param>
public sealed class JobSubmission(IArtifactStore store, IJobQueue queue, TimeProvider time)
{
    /// <summary>Gets the most documents or rows of a shard: what a worker takes at once.</summary>
    /// <value>64 unless set.</value>
    public int DocumentsPerShard { get; init; } = 64;

    /// <summary>Gets of how many documents or lines of a new job one is taken.</summary>
    /// <value>1, all of them, unless set.</value>
    internal int Stride { get; init; } = 1;

    /// <summary>Makes the id of a new job.</summary>
    public static string NewJobId(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return $"job_{Guid.CreateVersion7(time.GetUtcNow()):N}";
    }

    /// <summary>Submits a new job.</summary>
    /// <returns>Its plan.</returns>
    /// <exception cref="BatchException">There is a job of that id, or the input cannot be run.</exception>
    public async Task<JobPlan> SubmitAsync(JobManifest manifest, IJobInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(input);
        var complete = manifest with { PlanId = JobSegment.NewId(), Fingerprint = JobFingerprint.Of(manifest) };
        var segment = new JobSegment(store, complete, new JobPlan([]), DocumentsPerShard) { Stride = Stride };
        var shards = await input.AddAsync(segment, cancellationToken).ConfigureAwait(false);
        var plan = await segment.CommitAsync(shards, run: 0, isRetry: false, cancellationToken).ConfigureAwait(false);
        byte[] json = ContractJson.Write(complete, ContractJson.Default.JobManifest);
        if (await store.PutIfAbsentAsync(segment.Artifacts.Manifest, json, cancellationToken).ConfigureAwait(false) is null)
        {
            await store.DeleteAsync(segment.Artifacts.Plan(complete.PlanId, segment.Number), cancellationToken).ConfigureAwait(false);
            await segment.RemoveAsync(cancellationToken).ConfigureAwait(false);
            throw BatchException.Usage($"There is a job {manifest.JobId} already. Submit under another id.");
        }

        await SendAsync(complete, plan, cancellationToken).ConfigureAwait(false);
        return plan;
    }

    /// <summary>Takes a job up again: what has come to its input is added, documents that had failed and have changed run again, and shards without results are sent.</summary>
    /// <param name="job">The job as it was submitted.</param>
    /// <param name="asked">What is asked for now.</param>
    /// <param name="input">The input as it is now.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Its plan.</returns>
    /// <exception cref="BatchException">Something else is asked for, or what the job holds has changed or gone and has not failed; the message names what.</exception>
    public async Task<JobPlan> ResumeAsync(JobManifest job, JobManifest asked, IJobInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(input);
        if (JobFingerprint.Differences(job, asked) is { Count: > 0 } differences)
            throw BatchException.Usage($"The job that was begun asks for something else: {string.Join("; ", differences)}. Ask for the same, or start over with --overwrite or in another output folder.");
        var held = await JobPlan.ReadAsync(store, job, cancellationToken).ConfigureAwait(false);
        var plan = await AddSegmentAsync(job, held, input, cancellationToken).ConfigureAwait(false);
        if (input.Corrected.Count > 0)
            plan = await AddCorrectedAsync(job, plan, input.Corrected, cancellationToken).ConfigureAwait(false);
        await SendAsync(job, plan, cancellationToken).ConfigureAwait(false);
        return plan;
    }

    /// <summary>Writes what is new in an input; where nothing is, nothing stays.</summary>
    private async Task<JobPlan> AddSegmentAsync(JobManifest job, JobPlan held, IJobInput input, CancellationToken cancellationToken)
    {
        var segment = new JobSegment(store, job, held, DocumentsPerShard);
        var shards = await input.AddAsync(segment, cancellationToken).ConfigureAwait(false);
        if (shards.Count > 0)
        {
            // What a job that was ended gets after its end is meant to run: it is a submission of its own.
            int run = await HasEndedAsync(job, held.Run, cancellationToken).ConfigureAwait(false) ? held.Run + 1 : held.Run;
            return await segment.CommitAsync(shards, run, isRetry: false, cancellationToken).ConfigureAwait(false);
        }

        await segment.RemoveAsync(cancellationToken).ConfigureAwait(false);
        return held;
    }

    private async Task<bool> HasEndedAsync(JobManifest job, int run, CancellationToken cancellationToken) =>
        (await JobControl.ReadAsync(store, new JobArtifacts(job.JobId), cancellationToken).ConfigureAwait(false))?.UpToRun >= run || (run == 0 && job.Limits.Deadline <= time.GetUtcNow());

    /// <summary>Lets documents that had failed run again as they are now: their results take the place of the failures.</summary>
    private async Task<JobPlan> AddCorrectedAsync(JobManifest job, JobPlan held, IReadOnlyList<ListedDocument> documents, CancellationToken cancellationToken)
    {
        var segment = new JobSegment(store, job, held, DocumentsPerShard);
        var shards = await Listing.WriteAsync(store, segment.Listing, documents.ToAsyncEnumerable(), held.ShardCount, DocumentsPerShard, cancellationToken).ConfigureAwait(false);
        return await segment.CommitAsync(shards, held.Run + 1, isRetry: true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends the shards that have no results; a job without requests needs nobody to be complete.</summary>
    private async Task SendAsync(JobManifest job, JobPlan plan, CancellationToken cancellationToken)
    {
        if (plan.ShardCount == 0)
            await new JobFinisher(store, time).FinishAsync(job, cancellationToken).ConfigureAwait(false);
        await OpenShards.SendAsync(store, queue, job, plan, cancellationToken).ConfigureAwait(false);
    }
}
