using MixAttention.Batch.Queue;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;
using MixAttention.Batch.Worker;
using MixAttention.Engine;

namespace MixAttention.Batch.Jobs;

/// <summary>Says what a job would take, without submitting it.</summary>
/// <remarks>Evenly spaced documents or lines become a job in a temporary folder: all of their prompts are made, and some of them run for a few seconds. The folder is removed.</remarks>
/// <param name="manifest">The job.</param>
/// <param name="input">Its input.</param>
/// <param name="model">The model.</param>
/// <param name="time">The clock.</param>
public sealed class DryRun(JobManifest manifest, IJobInput input, WorkerModel model, TimeProvider time)
{
    private const int MostLookedAt = 500;

    // An engine is slower while it is cold; then it runs until some answers are there, if that is soon.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LeastMeasured = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan MostMeasured = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LockDuration = TimeSpan.FromMinutes(10);

    private readonly JobManifest _manifest = manifest with { Limits = new JobLimits() }; // A sample is not given up.

    /// <summary>Looks at the job.</summary>
    /// <exception cref="BatchException">The input cannot be run.</exception>
    /// <exception cref="EngineException">The model could not be loaded.</exception>
    public async Task<DryRunReport> RunAsync(CancellationToken cancellationToken)
    {
        int requestsPerDocument = Math.Max(1, _manifest.Task.Instructions.Count);
        int count = await input.CountAsync(_manifest, cancellationToken).ConfigureAwait(false);
        int stride = Math.Max(1, (int)Math.Ceiling((double)count * requestsPerDocument / MostLookedAt));
        var folder = Directory.CreateTempSubdirectory("mixbatch-dry-run-");
        try
        {
            var store = new FolderArtifactStore(Path.Combine(folder.FullName, "store"), time);
            var queue = new SqliteJobQueue(Path.Combine(folder.FullName, "queue.db"), LockDuration, time);
            await using var _ = queue.ConfigureAwait(false);
            var plan = await new JobSubmission(store, queue, time) { Stride = stride }.SubmitAsync(_manifest, input, cancellationToken).ConfigureAwait(false);
            var engine = new EngineHost(model, time);
            await using var __ = engine.ConfigureAwait(false);
            var info = await engine.LoadAsync(cancellationToken).ConfigureAwait(false);

            var prompts = new PromptSurvey(info, _manifest);
            var job = await new OpenJobs(store, engine, time).OpenAsync(_manifest.JobId, cancellationToken).ConfigureAwait(false);
            foreach (var shard in plan.Shards)
            {
                foreach (var request in await Listing.ReadRequestsAsync(store, job!.Artifacts, plan.Segments[0], shard, cancellationToken).ConfigureAwait(false)) // It was submitted.
                    prompts.Add(await job.Requests.PrepareAsync(request, cancellationToken).ConfigureAwait(false));
            }

            return prompts.Report(count * requestsPerDocument, model.Engine.MaxSequences) with { Pace = await MeasureAsync(store, queue, engine, plan, cancellationToken).ConfigureAwait(false) };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Runs requests for a while, as a worker does.</summary>
    private async Task<DryRunPace> MeasureAsync(FolderArtifactStore store, SqliteJobQueue queue, EngineHost engine, JobPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Rows == 0)
            return new DryRunPace();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var worker = new BatchWorker(store, queue, engine, new WorkerOptions { OnlyJob = _manifest.JobId, DrainTime = TimeSpan.Zero }, time);
        var working = worker.RunAsync(stop.Token);
        var (started, before) = (time.GetTimestamp(), new EngineSnapshot());
        if (!await EndsWithinAsync(working, WarmUp, stop.Token).ConfigureAwait(false))
            (started, before) = (time.GetTimestamp(), engine.Snapshot);
        TimeSpan elapsed;
        do
            await EndsWithinAsync(working, LookPeriod, stop.Token).ConfigureAwait(false);
        while ((elapsed = time.GetElapsedTime(started)) < MostMeasured && !working.IsCompleted && (elapsed < LeastMeasured || worker.Counts.Succeeded < DryRunPace.EnoughFinished));
        var after = engine.Snapshot;
        await stop.CancelAsync().ConfigureAwait(false);
        await working.ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();

        int lines = 0, answers = 0;
        long answerTokens = 0;
        await foreach (var line in new JobResults(store, new JobArtifacts(_manifest.JobId), plan).ReadAsync(withUnfinished: true, cancellationToken).ConfigureAwait(false))
        {
            lines++;
            answers += line.IsFailure ? 0 : 1;
            answerTokens += line.CompletionTokens;
        }

        return new DryRunPace
        {
            Elapsed = elapsed,
            PromptTokens = after.PromptTokens - before.PromptTokens,
            AnswerTokens = after.CompletionTokens - before.CompletionTokens,
            Finished = answers,
            FinishedTokens = answerTokens,
            IsWhole = lines == plan.Rows && answers > 0,
        };
    }

    private async Task<bool> EndsWithinAsync(Task working, TimeSpan period, CancellationToken cancellationToken)
    {
        await Task.WhenAny(working, Task.Delay(period, time, cancellationToken)).ConfigureAwait(false);
        return working.IsCompleted;
    }
}
