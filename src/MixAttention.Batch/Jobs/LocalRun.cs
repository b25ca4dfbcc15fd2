using MixAttention.Batch.Output;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Reporting;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tracing;
using MixAttention.Batch.Worker;
using MixAttention.Engine;
using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Jobs;

/// <summary>Submits a job, works on it and collects its results, in one process and one output folder; takes up what a former run left undone.</summary>
/// <param name="asked">What is asked for; its id and time hold for a new job only.</param>
/// <param name="input">Where its requests come from.</param>
/// <param name="outputFolder">Where results go; the state lies in <c>.mixbatch</c> inside.</param>
/// <param name="model">The model.</param>
/// <param name="options">How the worker works.</param>
/// <param name="time">The clock.</param>
public sealed class LocalRun(
    JobManifest asked, IJobInput input, string outputFolder, WorkerModel model, WorkerOptions options, TimeProvider time) : IAsyncDisposable
{
    // Longer than this process may stand still; nobody else waits for the messages.
    private static readonly TimeSpan LockDuration = TimeSpan.FromMinutes(1);

    private readonly EngineHost _engine = new(model, time);
    private WorkerCounts _counts = new();
    private int _rows;
    private int _succeededBefore;
    private int _failedBefore;
    private long _bytesToDo;
    private long _started;

    /// <summary>Gets whether a former run's results are removed first.</summary>
    public bool Overwrites { get; init; }

    /// <summary>Gets whether <see cref="JobManifest.CreatedAt"/> was asked for, so that a former run's must be the same.</summary>
    public bool FixesTime { get; init; }

    /// <summary>Gets where the job is; may be called from any thread while it runs.</summary>
    public JobProgress Progress
    {
        get
        {
            int failed = _failedBefore + _counts.Failed;
            var engine = _engine.Snapshot;
            var elapsed = _started == 0 ? TimeSpan.Zero : time.GetElapsedTime(_started);
            return new JobProgress(_rows, _succeededBefore + _counts.Succeeded + failed, failed, elapsed, Share(engine.PromptTokens), engine) { FirstFailures = _counts.FirstFailures };
        }
    }

    /// <summary>Runs the job to its end.</summary>
    /// <param name="stop">Interrupts the job: what has finished is kept and collected, and the report says so.</param>
    /// <exception cref="BatchException">The job in the folder is another one; the output cannot be written; or the memory holds not even one request.</exception>
    /// <exception cref="EngineException">The model could not be loaded.</exception>
    public async Task<JobReport> RunAsync(CancellationToken stop)
    {
        // 1. Submit the job, or take it up again.
        using var state = StateFolder.Open(outputFolder);
        var store = new FolderArtifactStore(state.Jobs.Store, time);
        state.ResetQueue();
        var queue = new SqliteJobQueue(state.Jobs.Queue, LockDuration, time);
        await using var _ = queue.ConfigureAwait(false);
        var (submission, deletion) = (new JobSubmission(store, queue, time), new JobDeletion(store, queue));
        var former = Overwrites ? null : await FindJobAsync(store, stop).ConfigureAwait(false);
        var plan = former is null ? await BeginAsync(submission, deletion, store, state, stop).ConfigureAwait(false) : await submission.ResumeAsync(former, asked, input, stop).ConfigureAwait(false);

        var manifest = former ?? (await JobManifest.ReadAsync(store, new JobArtifacts(asked.JobId), stop).ConfigureAwait(false))!; // It was submitted just now.

        // 2. What a former run left here is replaced.
        var others = await JobCatalog.ListAsync(store, stop).Where(id => id != manifest.JobId).ToListAsync(stop).ConfigureAwait(false);
        if (Overwrites || others.Count > 0)
            OutputFolder.RemoveFormerRun(outputFolder);
        foreach (string other in others)
            await deletion.DeleteAsync(other, keepsOutputs: false, stop).ConfigureAwait(false);

        // 3. Work on what has no results yet.
        var artifacts = new JobArtifacts(manifest.JobId);
        if (await CountOpenRowsAsync(store, artifacts, plan, stop).ConfigureAwait(false) == 0)
        {
            await new JobFinisher(store, time) { Log = options.Log }.FinishAsync(manifest, stop).ConfigureAwait(false);
        }
        else
        {
            await LoadAsync(stop).ConfigureAwait(false);
            _started = time.GetTimestamp();
            using var worker = new BatchWorker(store, queue, _engine, options with { OnlyJob = manifest.JobId }, time);
            _counts = worker.Counts;
            await worker.RunAsync(stop).ConfigureAwait(false);
        }

        // 4. Collect the results, after an interruption those that there are.
        var report = await CollectAsync(new JobResults(store, artifacts, plan)).ConfigureAwait(false);
        await new BestEffort(time, options.Log).TryAsync(OutputFolder.Report, JobFinisher.TimeToReport, stopReport => CopyReportAsync(store, manifest, report.IsInterrupted, stopReport), CancellationToken.None).ConfigureAwait(false);
        return report;
    }

    /// <summary>Ends the engine.</summary>
    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var info = await _engine.LoadAsync(cancellationToken).ConfigureAwait(false);
        long least = info.KvGeometry.Bytes(1 + asked.Sampling.MaxTokens);
        if (least > info.KvBytes)
        {
            throw BatchException.Usage($"{ByteSize.Format(info.KvBytes)} of KV memory hold not even one request: a prompt of one token and --max-tokens {asked.Sampling.MaxTokens} need " +
                $"{ByteSize.Format(least)}. Give --memory {ByteSize.RoundUpToOption(least)} or more, or lower --max-tokens.");
        }
    }

    /// <summary>Finds the job that was begun here last.</summary>
    private async Task<JobManifest?> FindJobAsync(FolderArtifactStore store, CancellationToken cancellationToken)
    {
        JobManifest? last = null; // Ids are in order of time.
        await foreach (string jobId in JobCatalog.ListAsync(store, cancellationToken).ConfigureAwait(false))
            last = await JobManifest.ReadAsync(store, new JobArtifacts(jobId), cancellationToken).ConfigureAwait(false) ?? last;
        return FixesTime && last is not null && last.CreatedAt != asked.CreatedAt
            ? throw BatchException.Usage($"The job that was begun has the time {last.CreatedAt:O}, and {asked.CreatedAt:O} is asked for. Give --created-at {last.CreatedAt.ToUnixTimeSeconds()} or none, or start over with --overwrite.")
            : last;
    }

    /// <summary>Submits a new job and loads its model. Until both have succeeded a former run's results stay; where one fails, nothing of the new job does.</summary>
    private async Task<JobPlan> BeginAsync(JobSubmission submission, JobDeletion deletion, FolderArtifactStore store, StateFolder state, CancellationToken stop)
    {
        try
        {
            var plan = await submission.SubmitAsync(asked, input, stop).ConfigureAwait(false);
            if (plan.Rows > 0)
                await LoadAsync(stop).ConfigureAwait(false);
            return plan;
        }
        catch
        {
            await deletion.DeleteAsync(asked.JobId, keepsOutputs: false, CancellationToken.None).ConfigureAwait(false);
            if (!await JobCatalog.ListAsync(store, CancellationToken.None).AnyAsync(CancellationToken.None).ConfigureAwait(false))
                state.Remove();
            throw;
        }
    }

    /// <summary>Counts what is left to do, and what former runs have done.</summary>
    private async Task<int> CountOpenRowsAsync(FolderArtifactStore store, JobArtifacts artifacts, JobPlan plan, CancellationToken cancellationToken)
    {
        var open = await OpenShards.ListAsync(store, artifacts, plan, cancellationToken).ConfigureAwait(false);
        var counts = new RowCounts();
        foreach (var (segment, shard) in plan.SegmentShards.Except(open))
        {
            if ((await ShardOwnership.ReadAsync(store, artifacts.State(shard.Shard), cancellationToken).ConfigureAwait(false))?.State.Counts is { } done)
                counts = counts.Add(segment, done);
        }

        // A request that runs again is counted as failed until it has run.
        (_succeededBefore, _failedBefore) = (counts.Succeeded, counts.Failed - open.Where(o => o.Segment.IsRetry).Sum(o => o.Shard.Rows));
        _rows = plan.Rows;
        _bytesToDo = open.Sum(o => o.Shard.DocumentBytes);
        return open.Sum(o => o.Shard.Rows);
    }

    /// <summary>Takes the report that the job's finisher has written; a job that is not finished has none yet.</summary>
    private async Task CopyReportAsync(FolderArtifactStore store, JobManifest manifest, bool isUnfinished, CancellationToken cancellationToken)
    {
        var written = isUnfinished ? null : await store.ReadBytesAsync(new JobArtifacts(manifest.JobId).Report, cancellationToken).ConfigureAwait(false);
        OutputFolder.WriteReport(Path.Combine(outputFolder, OutputFolder.Report), written?.Bytes ?? await JobPage.WriteAsync(store, manifest, cancellationToken).ConfigureAwait(false));
    }

    private async Task<JobReport> CollectAsync(JobResults results)
    {
        var collected = await CollectedResults.WriteAsync(results.ReadAsync(withUnfinished: true, CancellationToken.None), outputFolder, CancellationToken.None).ConfigureAwait(false);
        return new JobReport
        {
            Requests = _rows,
            Succeeded = collected.Succeeded,
            Failed = collected.Failed,
            FirstFailures = collected.FirstFailures,
            Unfinished = results.Unfinished,
            Elapsed = Progress.Elapsed,
            Engine = _engine.Snapshot,
        };
    }

    /// <summary>Estimates the share of all prompt tokens that have run, from the tokens per byte seen so far.</summary>
    private double Share(long promptTokensRun)
    {
        long bytes = _counts.BytesStarted, tokens = _counts.TokensStarted;
        double all = bytes == 0 ? 0 : (double)tokens / bytes * (_bytesToDo - _counts.BytesResumed);
        return all == 0 ? 0 : Math.Clamp(promptTokensRun / Math.Max(all, tokens), 0, 1);
    }
}
