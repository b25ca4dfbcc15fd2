using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Support.Stepping;

/// <summary>A worker that stands still before its calls that are about certain artifacts, and makes one when it is told to. It receives one message.</summary>
/// <remarks>
/// Its clock stands, so nothing comes by itself: no renewal and no checkpoint for its age. Between two calls it does the same in every run, so what it does is a function of what its calls have
/// seen. What only people read, traces and reports, it cannot write.
/// </remarks>
internal sealed class SteppedWorker : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] Replaced = ["state/", "output.jsonl", "errors.jsonl"];

    private readonly MemoryJobQueue _queue = new();
    private readonly MemoryArtifactStore _store;
    private readonly IReadOnlyList<string> _shared;
    private readonly Task _running;
    private TaskCompletionSource<CallPoint?> _arrival = NewArrival();
    private TaskCompletionSource _go = new();
    private bool _isDead;

    private SteppedWorker(MemoryArtifactStore store, IReadOnlyList<string> shared, JobMessage message, WorkerModel model)
    {
        (_store, _shared) = (store, shared);
        Message = message;
        _queue.SendAsync(message);
        _running = Task.Run(() => RunAsync(model));
    }

    /// <summary>Gets the message that it works on.</summary>
    public JobMessage Message { get; }

    /// <summary>Gets the call that it makes next; null once it has ended.</summary>
    public CallPoint? Next { get; private set; }

    /// <summary>Gets whether it has completed its message.</summary>
    public bool HasCompleted => _queue.Completed.Count > 0;

    /// <summary>Gets what it could not do, or should not have found.</summary>
    public string? Complaint { get; private set; }

    /// <summary>Starts a worker; it comes to its first call.</summary>
    /// <param name="store">The store.</param>
    /// <param name="shared">What the names of artifacts begin with before whose calls it stands still; besides, it does before it completes its message.</param>
    /// <param name="message">What it receives.</param>
    /// <param name="model">The model.</param>
    public static async Task<SteppedWorker> StartAsync(MemoryArtifactStore store, IReadOnlyList<string> shared, JobMessage message, WorkerModel model)
    {
        var worker = new SteppedWorker(store, shared, message, model);
        worker.Next = await worker._arrival.Task.WaitAsync(Patience);
        return worker;
    }

    /// <summary>Lets it make its call and come to the next one.</summary>
    public async Task StepAsync()
    {
        _arrival = NewArrival();
        _go.SetResult();
        Next = await _arrival.Task.WaitAsync(Patience);
    }

    /// <summary>Lets it die where it stands.</summary>
    public async ValueTask DisposeAsync()
    {
        _isDead = true;
        _go.TrySetResult();
        await _running.WaitAsync(Patience);
    }

    private static TaskCompletionSource<CallPoint?> NewArrival() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync(WorkerModel model)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        var faults = new CallFaults(ArriveAsync);
        var log = new List<string>();
        await using (var engine = new EngineHost(model, time))
        {
            using var worker = new BatchWorker(
                new FaultingArtifactStore(_store, faults), new FaultingJobQueue(_queue, faults), engine, new WorkerOptions { IdleTime = TimeSpan.Zero, Log = log.Add }, time);
            var failure = await Record.ExceptionAsync(() => worker.RunAsync(CancellationToken.None));
            Complaint = failure?.ToString()
                ?? (worker.Counts.DifferingParts > 0 ? "It made other bytes than those of the part." : null)
                ?? (_queue.Returned.Exists(r => r != "unharmed") ? $"It could not work: {string.Join(' ', log)}" : null);
        }

        _arrival.TrySetResult(null);
    }

    private async ValueTask ArriveAsync(CallPoint point, CancellationToken cancellationToken)
    {
        if (_isDead)
            throw new CrashException();
        if (point.Verb.StartsWith("Put", StringComparison.Ordinal) && (point.Step.Contains(" traces/", StringComparison.Ordinal) || point.Step.Contains(" report", StringComparison.Ordinal)))
            throw FaultingArtifactStore.Outage(point.Step);
        if (!point.IsAfter && IsShared(point))
        {
            _go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_arrival.TrySetResult(point))
                throw new InvalidOperationException($"The worker makes two calls at once; the second one is {point}.");
            await _go.Task.WaitAsync(CancellationToken.None);
            if (_isDead)
                throw new CrashException();
        }
    }

    // What exists and is never replaced can be read at any time with the same result; when a checkpoint is deleted, nobody needs it any more.
    private bool IsShared(CallPoint point) => point.Verb == "CompleteAsync"
        || (IsAbout(point, _shared) && point.Verb != "DeleteAsync" && (point.Verb != "ReadAsync" || IsAbout(point, Replaced) || !_store.Artifacts.ContainsKey(point.About)));

    private static bool IsAbout(CallPoint point, IReadOnlyList<string> names) => names.Any(n => point.Step.Contains($" {n}", StringComparison.Ordinal));
}
