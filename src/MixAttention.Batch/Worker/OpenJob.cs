using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Worker;

/// <summary>A job that a worker knows: its contracts, its requests, and whether they should still run.</summary>
internal sealed class OpenJob(IArtifactStore store, JobManifest manifest, JobPlan plan, IRequestSource requests, string fingerprint, TimeProvider time)
{
    // A cancellation is seen this late.
    private static readonly TimeSpan ControlPeriod = TimeSpan.FromSeconds(2);

    private ControlSeen? _control;
    private int _failed;
    private int _committed;

    /// <summary>Gets the manifest.</summary>
    public JobManifest Manifest { get; } = manifest;

    /// <summary>Gets the job's names.</summary>
    public JobArtifacts Artifacts { get; } = new(manifest.JobId);

    /// <summary>Gets the plan as it was read last; documents may be added to a job.</summary>
    public JobPlan Plan { get; private set; } = plan;

    /// <summary>Gets the requests.</summary>
    public IRequestSource Requests { get; } = requests;

    /// <summary>Gets what results depend on besides the documents.</summary>
    public string Fingerprint { get; } = fingerprint;

    /// <summary>Finds a shard, also of a segment that was added since.</summary>
    /// <returns>Null when the job has no such shard.</returns>
    public async Task<(ShardPlan Segment, PlannedShard Shard)?> FindAsync(int shard, CancellationToken cancellationToken)
    {
        if (Plan.Find(shard) is null)
            Plan = await JobPlan.ReadAsync(store, Artifacts, cancellationToken).ConfigureAwait(false);
        return Plan.Find(shard);
    }

    /// <summary>Tells whether a shard's part is there.</summary>
    public async Task<bool> IsCommittedAsync(int shard, CancellationToken cancellationToken)
    {
        var part = await store.ReadAsync(Artifacts.Part(shard), 0, 0, cancellationToken).ConfigureAwait(false);
        if (part is null)
            return false;
        await part.DisposeAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>Tells whether all shards' parts are there. What has been seen is not looked for again, so that all askings together look once for each shard.</summary>
    public async Task<bool> IsWholeAsync(CancellationToken cancellationToken)
    {
        int committed = Volatile.Read(ref _committed);
        while (committed < Plan.ShardCount && await IsCommittedAsync(committed, cancellationToken).ConfigureAwait(false))
            committed++;
        Volatile.Write(ref _committed, committed); // Another asker may have seen more: looked for again, no harm.
        return committed >= Plan.ShardCount;
    }

    /// <summary>Tells why the requests of a submission should not run any more.</summary>
    /// <returns>Null while they should.</returns>
    public async Task<EndReason?> FindEndAsync(int run, CancellationToken cancellationToken)
    {
        var seen = _control;
        if (seen is null || time.GetElapsedTime(seen.At) >= ControlPeriod)
            _control = seen = new ControlSeen(time.GetTimestamp(), await JobControl.ReadAsync(store, Artifacts, cancellationToken).ConfigureAwait(false));
        if (seen.Control is { } control && control.UpToRun >= run)
            return control.Reason;

        // The deadline is the submission's; whoever runs failed requests again wants them run.
        return run == 0 && Manifest.Limits.Deadline <= time.GetUtcNow() ? EndReason.Expired : null;
    }

    /// <summary>Counts requests that failed by themselves, and ends the job when they are more than it allows.</summary>
    public async Task CountFailuresAsync(IEnumerable<ResultLine> lines, CancellationToken cancellationToken)
    {
        int failed = Interlocked.Add(ref _failed, lines.Count(l => l.ErrorCode is not (null or ErrorCodes.BatchCancelled or ErrorCodes.BatchExpired)));
        if (Manifest.Limits.MaxErrorRatio is not { } most || failed <= most * Plan.Rows)
            return;
        await new JobControl(Plan.Run, EndReason.TooManyErrors).WriteAsync(store, Artifacts, cancellationToken).ConfigureAwait(false);
        _control = null;
    }

    private sealed record ControlSeen(long At, JobControl? Control);
}
