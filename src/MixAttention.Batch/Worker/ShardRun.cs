using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;
using MixAttention.Engine;

namespace MixAttention.Batch.Worker;

/// <summary>Runs the requests of a claimed shard that have no line yet.</summary>
/// <remarks>
/// The longest first. Requests are noted in the checkpoint before they go to the engine, a few at a time; so after a crash it is known which were running. Those that were running
/// in one crash run after the others, few at a time, so that a second one makes few suspects, and most have finished before it comes. Those that were running in several crashes run last,
/// each alone in the engine.
/// </remarks>
internal sealed class ShardRun : IDisposable
{
    private const int RequestsPerTurn = 16;
    private const int RequestsAfterACrash = 8; // The most in flight of those that were running in one crash.

    private readonly OpenJob _job;
    private readonly int _run;
    private readonly EngineFeed _feed;
    private readonly WorkerCounts _counts;
    private readonly long _order;
    private readonly IReadOnlyList<BatchRequest> _requests;
    private readonly ShardHistory _history;
    private readonly ShardState _state;
    private readonly CheckpointLog _checkpoint;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, ResultLine> _lines;
    private readonly Dictionary<int, RequestCalls> _calls = []; // By row.
    private readonly List<Task> _running = [];

    /// <summary>Prepares the run.</summary>
    /// <param name="job">The job.</param>
    /// <param name="run">Which submission the shard belongs to.</param>
    /// <param name="requests">The shard's requests.</param>
    /// <param name="history">What has finished, from the checkpoint.</param>
    /// <param name="state">The shard's state, as claimed.</param>
    /// <param name="checkpoint">Takes what finishes; stays the caller's to dispose.</param>
    /// <param name="feed">The engine.</param>
    /// <param name="counts">What the worker has done.</param>
    /// <param name="order">The shard's place among those of the worker.</param>
    public ShardRun(OpenJob job, int run, IReadOnlyList<BatchRequest> requests, ShardHistory history, ShardState state, CheckpointLog checkpoint, EngineFeed feed, WorkerCounts counts, long order)
    {
        _job = job;
        _run = run;
        _requests = requests;
        _history = history;
        _lines = requests.Where(r => history.Finished.ContainsKey(r.Row)).ToDictionary(r => r.Row, r => history.Finished[r.Row]);
        _state = state;
        _checkpoint = checkpoint;
        _feed = feed;
        _counts = counts;
        _order = order;
        _counts.AddResumed(_requests.Where(r => _lines.ContainsKey(r.Row)), _lines.Values);
    }

    /// <summary>Gets the lines of all requests, in input order, once they have run.</summary>
    public IReadOnlyList<ResultLine> Lines => [.. _lines.Values.OrderBy(l => l.Row)];

    /// <summary>Gets the calls of the requests that ran, by row.</summary>
    public IReadOnlyDictionary<int, RequestCalls> Calls => _calls;

    /// <summary>Hands all requests in, as the engine has room for them.</summary>
    /// <param name="onRoom">Runs once nothing is left but requests that wait for each other, while the engine has room for those of other shards.</param>
    /// <param name="lost">Gives up.</param>
    /// <returns>Once the last one is handed in, or the worker drains, or the job has ended.</returns>
    public async Task HandInAsync(Action onRoom, CancellationToken lost)
    {
        var suspects = _state.Suspects.ToDictionary(s => s.Row);
        var left = _requests.Where(r => !_lines.ContainsKey(r.Row)).OrderByDescending(r => r.Document.ByteCount).ThenBy(r => r.Row).ToList();
        foreach (var poison in left.Where(r => suspects.GetValueOrDefault(r.Row)?.CrashesAlone >= _job.Manifest.Limits.MaxAttempts).ToList())
        {
            Finish(_job.Requests.Fail(poison, Poison(poison)));
            left.Remove(poison);
        }

        foreach (var batch in left.Where(r => !suspects.ContainsKey(r.Row)).Chunk(RequestsPerTurn))
        {
            using var turn = await TakeTurnAsync(isAlone: false, lost).ConfigureAwait(false);
            if (turn is null)
                return;
            await HandInAsync(batch, isAlone: false, lost).ConfigureAwait(false);
        }

        if (!left.Exists(RunsAlone))
            onRoom();
        Task former = Task.CompletedTask;
        foreach (var group in left.Where(r => suspects.ContainsKey(r.Row) && !RunsAlone(r)).Chunk(RequestsAfterACrash))
        {
            await former.WaitAsync(lost).ConfigureAwait(false);
            using var turn = await TakeTurnAsync(isAlone: false, lost).ConfigureAwait(false);
            if (turn is null)
                return;
            former = await HandInAsync(group, isAlone: false, lost).ConfigureAwait(false);
        }

        foreach (var suspect in left.Where(RunsAlone))
        {
            using var turn = await TakeTurnAsync(isAlone: true, lost).ConfigureAwait(false);
            if (turn is null)
                return;
            await HandInAsync([suspect], isAlone: true, lost).ConfigureAwait(false);
            await WaitAsync(lost).ConfigureAwait(false);
        }

        bool RunsAlone(BatchRequest request) => suspects.TryGetValue(request.Row, out var suspect) && suspect.RunsAlone;
    }

    /// <summary>Waits until everything that was handed in has finished. Where the job has ended, the rest gets lines that say so.</summary>
    /// <returns>Whether all requests have lines; false when the worker drains.</returns>
    public async Task<bool> FinishAsync(CancellationToken lost)
    {
        await WaitAsync(lost).ConfigureAwait(false);
        if (_lines.Count < _requests.Count && await _job.FindEndAsync(_run, lost).ConfigureAwait(false) is { } end)
        {
            foreach (var request in _requests.Where(r => !_lines.ContainsKey(r.Row)))
                Finish(_job.Requests.Fail(request, NotRun(end)));
        }

        return _lines.Count == _requests.Count;
    }

    /// <summary>Ends what is still running: nobody waits for it any more.</summary>
    public void Dispose()
    {
        foreach (var calls in _calls.Values)
            calls.Cancel();
    }

    private async Task<IDisposable?> TakeTurnAsync(bool isAlone, CancellationToken lost) =>
        await _job.FindEndAsync(_run, lost).ConfigureAwait(false) is null ? await _feed.TakeTurnAsync(_order, isAlone, lost).ConfigureAwait(false) : null;

    /// <returns>Their end.</returns>
    private async Task<Task> HandInAsync(IReadOnlyList<BatchRequest> batch, bool isAlone, CancellationToken lost)
    {
        var ready = new List<PreparedRequest>();
        foreach (var request in batch)
        {
            var prepared = await _job.Requests.PrepareAsync(request, lost).ConfigureAwait(false);
            if (prepared.Failure is { } failure)
                Finish(failure);
            else
                ready.Add(prepared);
        }

        if (ready.Count == 0)
            return Task.CompletedTask;
        await _checkpoint.StartAsync([.. ready.Select(p => p.Request.Row)], isAlone, lost).ConfigureAwait(false);
        foreach (var prepared in ready)
        {
            _counts.AddStarted(prepared);

            // Also another delivery of the same shard, while requests of the former one are still in the engine, has keys of its own.
            int row = prepared.Request.Row;
            var calls = new RequestCalls(_feed, row, $"{_order}/{row}", _history.CallsOf(row), _checkpoint.Add);
            _calls.Add(row, calls);
            _running.Add(RunAsync(prepared, calls));
        }

        return Task.WhenAll(_running.TakeLast(ready.Count));
    }

    private async Task RunAsync(PreparedRequest prepared, RequestCalls calls)
    {
        using var open = _feed.OpenRequest();
        if (await prepared.Run!(calls).ConfigureAwait(false) is { } line) // It has no failure, so it can run.
            Finish(line);
    }

    private void Finish(ResultLine line)
    {
        lock (_lock)
            _lines.Add(line.Row, line);
        _checkpoint.Add(line);
        _counts.AddFinished(line);
    }

    private async Task WaitAsync(CancellationToken lost) => await Task.WhenAll(_running).WaitAsync(lost).ConfigureAwait(false);

    private GenerationError Poison(BatchRequest request) => new(
        ErrorCodes.PoisonDocument,
        $"{request.CustomId} was running alone when its worker died, {_job.Manifest.Limits.MaxAttempts} times. Look at the document and at the worker's memory; with more memory, run it again.");

    private static GenerationError NotRun(EndReason end) => end switch
    {
        EndReason.Expired => new GenerationError(ErrorCodes.BatchExpired, "The job's deadline passed before the request had run. Run the failed requests again."),
        EndReason.TooManyErrors => new GenerationError(ErrorCodes.BatchCancelled, "More requests of the job failed than it allows, so the rest was not run. Look at the other errors, then run the failed requests again."),
        _ => new GenerationError(ErrorCodes.BatchCancelled, "The job was cancelled before the request had run. Run the failed requests again if it should."),
    };
}
