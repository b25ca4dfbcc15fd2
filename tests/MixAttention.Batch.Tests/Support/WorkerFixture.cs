using System.Text;
using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Support;

/// <summary>A store, a queue on a clock of its own, a job in them, and workers on a model without arithmetic.</summary>
internal sealed class WorkerFixture : IAsyncDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static readonly TimeSpan LockDuration = TimeSpan.FromSeconds(30);

    private readonly JobFixture _job = new();

    /// <param name="state">A folder with a store and a queue to begin with, which stays as it is; null begins with nothing.</param>
    /// <param name="store">An empty store; null makes one in a folder.</param>
    public WorkerFixture(string? state = null, IArtifactStore? store = null)
    {
        foreach (string file in state is null ? [] : Directory.EnumerateFiles(state, "*", SearchOption.AllDirectories))
            _job.Folder.Write(Path.Combine("state", Path.GetRelativePath(state!, file)), File.ReadAllBytes(file));
        Store = store ?? new FolderArtifactStore(_job.Folder["state/store"], TimeProvider.System);
        Queue = OpenQueue(QueueClock);
    }

    public FakeTimeProvider QueueClock { get; } = new(DateTimeOffset.UnixEpoch.AddYears(50));

    public IArtifactStore Store { get; }

    public SqliteJobQueue Queue { get; }

    public JobFixture Job => _job;

    public JobArtifacts Artifacts { get; } = new("job_1");

    public JobLimits Limits { get; set; } = new();

    public int DocumentsPerShard { get; set; } = 4;

    /// <summary>Writes documents of five lengths.</summary>
    public void WriteDocuments(int count)
    {
        for (int i = 0; i < count; i++)
            _job.Folder.Write($"docs/doc-{i:00}.txt", string.Join(' ', Enumerable.Range(0, 3 + (i % 5 * 4)).Select(w => $"w{w % 7}")));
    }

    /// <summary>Reads what an undisturbed worker makes of the same documents.</summary>
    public async Task<string> ReadCalmOutputAsync()
    {
        await using var calm = new WorkerFixture { DocumentsPerShard = 64 };
        foreach (string file in Directory.EnumerateFiles(_job.Folder["docs"]))
            calm.Job.Folder.Write($"docs/{Path.GetFileName(file)}", await File.ReadAllBytesAsync(file, Stop));
        await calm.SubmitAsync();
        await calm.WorkAsync();
        return await calm.ReadAsync(calm.Artifacts.Output);
    }

    public Task<JobPlan> SubmitAsync(Func<JobManifest, JobManifest>? change = null, CrashPoints? points = null) =>
        Submission(points).SubmitAsync((change ?? (m => m))(_job.Manifest with { JobId = Artifacts.JobId, Limits = Limits }), _job.Input, Stop);

    /// <summary>Takes the job up again: adds what has come to its documents.</summary>
    public async Task<JobPlan> AddAsync(CrashPoints? points = null) =>
        await Submission(points).ResumeAsync(await ReadManifestAsync(), _job.Manifest, _job.Input, Stop);

    /// <summary>Runs a worker until the job is complete.</summary>
    /// <returns>The requests that its engine has computed.</returns>
    public async Task<long> WorkAsync(CrashPoints? points = null, WorkerOptions? options = null, WorkerModel? model = null, Action<WorkerCounts>? counts = null, CancellationTokenSource? interrupt = null, IJobQueue? queue = null)
    {
        await using var engine = new EngineHost(model ?? _job.Model, TimeProvider.System);
        using var worker = points is null
            ? new BatchWorker(Store, Queue, engine, (options ?? new WorkerOptions()) with { OnlyJob = Artifacts.JobId }, TimeProvider.System)
            : new BatchWorker(new FaultingArtifactStore(Store, points.Faults), new FaultingJobQueue(queue ?? Queue, points.Faults), engine, (options ?? new WorkerOptions()) with { OnlyJob = Artifacts.JobId }, TimeProvider.System);
        try
        {
            await worker.RunAsync(interrupt?.Token ?? Stop);
        }
        finally
        {
            counts?.Invoke(worker.Counts);
        }

        return engine.Snapshot.SequencesFinished;
    }

    /// <summary>Runs a worker of all jobs until the queue has nothing for it.</summary>
    /// <returns>The requests that its engine has computed.</returns>
    public async Task<long> WorkUntilIdleAsync(WorkerModel? model = null, Action<string>? log = null)
    {
        await using var engine = new EngineHost(model ?? _job.Model, TimeProvider.System);
        using var worker = new BatchWorker(Store, Queue, engine, new WorkerOptions { IdleTime = TimeSpan.Zero, Log = log ?? (_ => { }) }, TimeProvider.System);
        await worker.RunAsync(TestContext.Current.CancellationToken);
        return engine.Snapshot.SequencesFinished;
    }

    /// <summary>Runs a worker that is stopped after so many steps of its engine; what has finished by then is in the checkpoint.</summary>
    public async Task StopMidwayAsync(int steps)
    {
        using var stop = new CancellationTokenSource();
        using var isOver = new ManualResetEventSlim();
        _job.BeforeStep = _ =>
        {
            if (--steps > 0)
                return;
            stop.Cancel();
            Assert.True(isOver.Wait(TimeSpan.FromSeconds(30), Stop));
        };
        await WorkAsync(options: new WorkerOptions { DrainTime = TimeSpan.Zero, Log = OnLine }, interrupt: stop);
        _job.BeforeStep = null;

        void OnLine(string line)
        {
            if (line.StartsWith("The time to drain is over", StringComparison.Ordinal))
                isOver.Set();
        }
    }

    /// <summary>Opens the same queue once more, by a clock of its own.</summary>
    public SqliteJobQueue OpenQueue(TimeProvider clock) => new(_job.Folder["state/queue.db"], LockDuration, clock);

    /// <summary>Lets the locks of dead workers run out.</summary>
    public void ExpireLocks() => QueueClock.Advance(LockDuration + TimeSpan.FromSeconds(1));

    public async Task<string> ReadAsync(string name) => Encoding.UTF8.GetString((await Store.ReadBytesAsync(name))?.Bytes ?? []);

    public async Task<JobManifest> ReadManifestAsync() => (await JobManifest.ReadAsync(Store, Artifacts, Stop))!; // It was submitted.

    public async Task<JobPlan> ReadPlanAsync() => await JobPlan.ReadAsync(Store, await ReadManifestAsync(), Stop);

    /// <summary>Counts the requests that are committed or in a checkpoint.</summary>
    public async Task<int> CountKeptAsync()
    {
        var plan = await ReadPlanAsync();
        int kept = 0;
        await foreach (var line in new JobResults(Store, Artifacts, plan).ReadAsync(withUnfinished: true, Stop))
            kept++;
        return kept;
    }

    /// <summary>Counts the calls in a shard's checkpoint, of requests that have not finished.</summary>
    public async Task<int> CountKeptCallsAsync(int shard)
    {
        var history = await ShardHistory.ReadAsync(Store, Artifacts, shard, null, Stop);
        var plan = await ReadPlanAsync();
        return Enumerable.Range(0, plan.Rows).Where(row => !history.Finished.ContainsKey(row)).Sum(row => history.CallsOf(row).Count);
    }

    public async Task<ShardState?> ReadStateAsync(int shard) => (await ShardOwnership.ReadAsync(Store, Artifacts.State(shard), Stop))?.State;

    private JobSubmission Submission(CrashPoints? points) => new(
        points is null ? Store : new FaultingArtifactStore(Store, points.Faults), points is null ? Queue : new FaultingJobQueue(Queue, points.Faults), TimeProvider.System)
    {
        DocumentsPerShard = DocumentsPerShard,
    };

    public async ValueTask DisposeAsync()
    {
        await Queue.DisposeAsync();
        _job.Dispose();
    }
}
