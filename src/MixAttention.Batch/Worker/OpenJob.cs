using System.Collections.Concurrent;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Worker;

/// <summary>A job that a worker knows: its contracts, its requests, and whether they should still run.</summary>
internal sealed class OpenJob(IArtifactStore store, JobManifest manifest, JobPlan plan, IRequestSource requests, string fingerprint, TimeProvider time)
{
    // A cancellation is seen this late.
    private static readonly TimeSpan ControlPeriod = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<int, int> _failures = new(); // By shard that is done.
    private ControlSeen? _control;
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
            await ReadPlanAsync(cancellationToken).ConfigureAwait(false);
        return Plan.Find(shard);
    }

    /// <summary>Reads the plan again.</summary>
    public async Task ReadPlanAsync(CancellationToken cancellationToken) => Plan = await JobPlan.ReadAsync(store, Manifest, cancellationToken).ConfigureAwait(false);

    /// <summary>Tells whether a shard's part is there.</summary>
    public async Task<bool> IsCommittedAsync(int shard, CancellationToken cancellationToken) => await store.FindETagAsync(Artifacts.Part(shard), cancellationToken).ConfigureAwait(false) is not null;

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

    /// <summary>Counts the failures of a submission, whoever ran its shards, and ends it when they are more than the job allows.</summary>
    public async Task CheckFailuresAsync(int run, CancellationToken cancellationToken)
    {
        if (Manifest.Limits.MaxErrorRatio is not { } most)
            return;
        var open = (await OpenShards.ListAsync(store, Artifacts, Plan, cancellationToken).ConfigureAwait(false)).Select(o => o.Shard.Shard).ToHashSet();
        int failed = 0, rows = 0;
        foreach (var shard in Plan.Segments.Where(s => s.Run == run).SelectMany(s => s.Shards))
        {
            rows += shard.Rows;
            if (!open.Contains(shard.Shard))
                failed += await CountFailuresAsync(shard.Shard, cancellationToken).ConfigureAwait(false);
        }

        if (failed <= most * rows)
            return;
        await new JobControl(run, EndReason.TooManyErrors).WriteAsync(store, Artifacts, cancellationToken).ConfigureAwait(false);
        _control = null;
    }

    /// <summary>Reads a committed shard's failures, once it is done: they stay what they are.</summary>
    private async Task<int> CountFailuresAsync(int shard, CancellationToken cancellationToken)
    {
        if (!_failures.TryGetValue(shard, out int failed) && await ShardOwnership.ReadAsync(store, Artifacts.State(shard), cancellationToken).ConfigureAwait(false) is { State.Counts: { } counts })
            failed = _failures[shard] = counts.Failed;
        return failed;
    }

    private sealed record ControlSeen(long At, JobControl? Control);
}
