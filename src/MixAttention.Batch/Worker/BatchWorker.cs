using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Worker;

/// <summary>Takes shards from a queue and runs their requests, several shards at once in one engine, until it is told to stop.</summary>
/// <remarks>
/// The model is loaded when the first shard comes that needs it. Another message is taken whenever all shards at hand have brought the engine everything they have, so the
/// engine never runs empty between shards. A worker that is told to stop takes nothing more, lets finish what finishes in time, and gives the rest back.
/// </remarks>
public sealed class BatchWorker : IDisposable
{
    private static readonly TimeSpan ReceiveWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan QueueRetryDelay = TimeSpan.FromSeconds(2);

    private readonly WorkerContext _context;
    private readonly Dictionary<ShardSession, Task> _running = [];
    private readonly CancellationTokenSource _enough = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly EngineHost _engine;
    private BatchException? _failure;
    private long _next;

    /// <summary>Prepares a worker; nothing is received or loaded yet.</summary>
    /// <param name="store">The store; stays the caller's.</param>
    /// <param name="queue">The queue; stays the caller's.</param>
    /// <param name="engine">The model that it serves; stays the caller's.</param>
    /// <param name="options">The operator's decisions.</param>
    /// <param name="time">The clock.</param>
    public BatchWorker(IArtifactStore store, IJobQueue queue, EngineHost engine, WorkerOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _engine = engine;
        Watch = new EngineWatch(engine, time);
        string owner = $"{Environment.MachineName}:{Environment.ProcessId}:{Guid.CreateVersion7(time.GetUtcNow()):N}";
        _context = new WorkerContext(store, queue, engine, options, owner, time, new WorkerCounts(), new OpenJobs(store, engine, time), new JobFinisher(store, time) { Log = options.Log }, _stopping.Token);
    }

    /// <summary>Gets what the worker has done; may be read while it runs.</summary>
    public WorkerCounts Counts => _context.Counts;

    /// <summary>Gets what sees whether the engine goes on.</summary>
    public EngineWatch Watch { get; }

    /// <summary>Works until it is told to stop, or its one job is complete, or nothing has come for a while.</summary>
    /// <param name="stop">Drains the worker.</param>
    /// <exception cref="BatchException">The engine died; or, for a worker of one job, that job cannot go on.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop, _enough.Token);
        using var over = new CancellationTokenSource();
        var watching = _context.Options.HangTime is { } hang ? Watch.WatchAsync(hang, _context.Options.OnHang, over.Token) : Task.CompletedTask;
        try
        {
            await ReceiveAllAsync(enough.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // Told to stop, or done.
        }
        finally
        {
            await DrainAsync().ConfigureAwait(false);
            await over.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(false);
        }

        if (_failure is not null)
            throw _failure;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _enough.Dispose();
        _stopping.Dispose();
    }

    private async Task ReceiveAllAsync(CancellationToken cancellationToken)
    {
        for (long idleSince = _context.Time.GetTimestamp(); ;)
        {
            bool isBusy = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
            if (_context.Options.IdleTime is not { } idle)
                continue;
            if (!isBusy && _running.Count > 0)
            {
                await Task.WhenAny(_running.Values).WaitAsync(cancellationToken).ConfigureAwait(false);
                isBusy = true;
            }

            if (isBusy)
                idleSince = _context.Time.GetTimestamp();
            else if (_context.Time.GetElapsedTime(idleSince) >= idle)
                return;
        }
    }

    /// <summary>Takes a message once the shards at hand leave the engine hungry.</summary>
    /// <returns>Whether one came.</returns>
    private async Task<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_running.Keys.Select(s => s.HandedIn)).WaitAsync(cancellationToken).ConfigureAwait(false);
        foreach (var session in _running.Where(r => r.Value.IsCompleted).Select(r => r.Key).ToList())
            _running.Remove(session);

        var wait = _context.Options.IdleTime is { } idle && idle < ReceiveWait ? idle : ReceiveWait;
        JobDelivery? delivery;
        try
        {
            delivery = await _context.Queue.ReceiveAsync(wait, cancellationToken).ConfigureAwait(false);
        }
        catch (QueueException e) when (e.IsTransient && _context.Options.OnlyJob is null)
        {
            _context.Options.Log(e.Message);
            await Task.Delay(QueueRetryDelay, _context.Time, cancellationToken).ConfigureAwait(false);
            return false;
        }

        if (delivery is null)
            return false;
        var next = new ShardSession(_context, delivery, _next++);
        _running.Add(next, WorkAsync(next));
        return true;
    }

    private async Task WorkAsync(ShardSession session)
    {
        try
        {
            await WorkAndSettleAsync(session).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The edge of a task that nobody waits for before the worker drains: its failure ends the worker.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure ??= BatchException.Job($"Unexpected failure; please report it with what follows. {e}", e);
            await _enough.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task WorkAndSettleAsync(ShardSession session)
    {
        var outcome = await session.RunAsync().ConfigureAwait(false);
        var delivery = session.Delivery;
        var settlement = Settlement.Of(outcome, delivery.FailureCount);
        if (outcome.Message.Length > 0)
            _context.Options.Log($"{delivery.MessageId}: {outcome.Message}");
        await SettleAsync(delivery, settlement).ConfigureAwait(false);
        await ConsiderEndAsync(outcome, delivery).ConfigureAwait(false);
    }

    private async Task SettleAsync(JobDelivery delivery, Settlement settlement)
    {
        var queue = _context.Queue;
        try
        {
            await (settlement switch
            {
                Settlement.Complete => queue.CompleteAsync(delivery),
                Settlement.GiveBack back => queue.GiveBackAsync(delivery, back.Delay, back.CountsAsFailure),
                Settlement.PutAside aside => queue.PutAsideAsync(delivery, aside.Reason, aside.Cure),
                _ => Task.CompletedTask,
            }).ConfigureAwait(false);
        }
        catch (LockLostException)
        {
            // Whoever receives it next finds what is committed.
        }
        catch (QueueException e)
        {
            // The lock runs out, and the message comes again.
            _context.Options.Log(e.Message);
        }
    }

    /// <summary>Ends the worker when its job is complete, or when it can do no good any more.</summary>
    private async Task ConsiderEndAsync(ShardOutcome outcome, JobDelivery delivery)
    {
        bool isOnlyJob = _context.Options.OnlyJob is { } only && delivery.Message?.JobId == only;
        _failure ??= outcome.Kind switch
        {
            ShardOutcomeKind.EngineDead => BatchException.Job($"{outcome.Message.TrimEnd('.')}. What has finished is kept: run again to go on from there.", outcome.Cause),
            ShardOutcomeKind.StoreUnavailable or ShardOutcomeKind.Defect when isOnlyJob => BatchException.Job($"{outcome.Message.TrimEnd('.')}. What has finished is kept: run again to go on from there.", outcome.Cause),
            ShardOutcomeKind.BadMessage or ShardOutcomeKind.JobNotFound or ShardOutcomeKind.UnreadableJob when isOnlyJob => BatchException.Job(outcome.Message, outcome.Cause),
            ShardOutcomeKind.OtherModel or ShardOutcomeKind.OtherNumerics when isOnlyJob => BatchException.Usage(outcome.Message),
            _ => null,
        };
        if (_failure is not null || (isOnlyJob && outcome.IsJobComplete))
            await _enough.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>Takes no more requests, lets those in flight go on for a while, then ends them.</summary>
    private async Task DrainAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _engine.Feed?.Close();
        var all = Task.WhenAll(_running.Values);
        using var inTime = new CancellationTokenSource();
        if (await Task.WhenAny(all, Task.Delay(_context.Options.DrainTime, _context.Time, inTime.Token)).ConfigureAwait(false) != all)
        {
            _engine.Feed?.CancelAll();
            _context.Options.Log("The time to drain is over: requests that still run are given back.");
        }

        await inTime.CancelAsync().ConfigureAwait(false);
        await all.ConfigureAwait(false);
    }
}
