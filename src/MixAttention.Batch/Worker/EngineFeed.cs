using MixAttention.Batch.Models;
using MixAttention.Engine;

namespace MixAttention.Batch.Worker;

/// <summary>Shares one engine among shards: gives turns to hand in requests, the oldest shard first, and brings every result to the one who asked.</summary>
/// <remarks>A turn comes when the engine has room or little waiting work, so few requests are in flight, and those that a crash could interrupt are few.</remarks>
internal sealed class EngineFeed : IAsyncDisposable
{
    // Requests that wait in the engine for room: enough that it never runs dry while the next ones are read and noted.
    private const int Lookahead = 32;

    private readonly InferenceEngine _engine;
    private readonly int _maxSequences;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(long Order, long Ticket), Waiter> _waiters = [];
    private readonly Dictionary<string, (TaskCompletionSource<GenerationResult> Source, long KvBytes, string CustomId)> _inFlight = [];
    private long _nextTicket;
    private long _kvBytesInFlight;
    private int _openRequests;
    private bool _isTurnTaken;
    private bool _isClosed;
    private EngineException? _death;

    private EngineFeed(InferenceEngine engine, EngineInfo info, int maxSequences, TimeProvider time)
    {
        _engine = engine;
        Info = info;
        Time = time;
        _maxSequences = maxSequences;
        Ended = DeliverAsync();
    }

    /// <summary>Gets what the engine has loaded.</summary>
    public EngineInfo Info { get; }

    /// <summary>Gets the engine's clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Gets the engine's state.</summary>
    public EngineSnapshot Snapshot => _engine.Snapshot;

    /// <summary>Gets the end of the engine; faulted with <see cref="EngineException"/> when it has died.</summary>
    public Task Ended { get; }

    /// <summary>Loads the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The operator's decisions.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onStep">Takes each step, on the engine's thread.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="EngineException">It could not be loaded.</exception>
    public static async Task<EngineFeed> StartAsync(TextModel model, EngineOptions options, TimeProvider time, Action<EngineStep> onStep, CancellationToken cancellationToken)
    {
        var engine = InferenceEngine.Start(model.CreateRunner, options, model.Tokenizer, model.EndTokenIds, time, onStep);
        try
        {
            return new EngineFeed(engine, await engine.Ready.WaitAsync(cancellationToken).ConfigureAwait(false), options.MaxSequences, time);
        }
        catch
        {
            _ = engine.DisposeAsync().AsTask(); // Not waited for: loading cannot be interrupted, and whoever gave up is in a hurry.
            throw;
        }
    }

    /// <summary>Makes the result of a request that was cancelled before the engine had it.</summary>
    public static GenerationResult Cancelled(GenerationRequest request) => new()
    {
        CustomId = request.CustomId,
        Key = request.Key,
        TokenIds = [],
        FinishReason = FinishReason.Cancelled,
        PromptTokens = request.PromptIds.Length,
        CompletionTokens = 0,
    };

    /// <summary>Waits for a turn to hand in requests. Nobody else has one until it is disposed.</summary>
    /// <param name="order">The lowest goes first.</param>
    /// <param name="isAlone">Waits until no request is open.</param>
    /// <param name="cancellationToken">Gives the place in the queue up.</param>
    /// <returns>The turn; null when no more requests are taken.</returns>
    /// <exception cref="EngineException">The engine has died.</exception>
    public async Task<IDisposable?> TakeTurnAsync(long order, bool isAlone, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(isAlone);
        (long, long) place;
        lock (_lock)
        {
            if (_isClosed)
                return _death is null ? null : throw _death;
            place = (order, _nextTicket++);
            _waiters.Add(place, waiter);
            GrantTurn();
        }

        using (cancellationToken.Register(() => GiveUp(place, waiter)))
        {
            if (await waiter.Turn.Task.ConfigureAwait(false))
                return new Turn(this);
        }

        return _death is null ? null : throw _death;
    }

    /// <summary>Opens a request, which may need several calls; until it is disposed nothing runs alone, also between its calls.</summary>
    public IDisposable OpenRequest()
    {
        lock (_lock)
            _openRequests++;
        return new OpenedRequest(this);
    }

    /// <summary>Hands a request in.</summary>
    /// <param name="request">Its key is unique among those in flight.</param>
    /// <returns>Its result; faulted with <see cref="EngineException"/> when the engine dies first.</returns>
    public async Task<Task<GenerationResult>> SubmitAsync(GenerationRequest request)
    {
        long kvBytes = Info.KvGeometry.Bytes((int)Math.Min((long)request.PromptIds.Length + request.Sampling.MaxTokens, Info.MaxSequenceLength));
        var source = new TaskCompletionSource<GenerationResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _inFlight.Add(request.Key, (source, kvBytes, request.CustomId));
            _kvBytesInFlight += kvBytes;
        }

        try
        {
            await _engine.SubmitAsync(request, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EngineException e)
        {
            Take(request.Key)?.SetException(e);
        }
        catch (OperationCanceledException)
        {
            Take(request.Key)?.SetResult(Cancelled(request));
        }

        return source.Task;
    }

    /// <summary>Gets the number of requests in flight.</summary>
    public int InFlight
    {
        get
        {
            lock (_lock)
                return _inFlight.Count;
        }
    }

    /// <summary>Lists the custom ids of the requests in flight.</summary>
    public string[] ListInFlight()
    {
        lock (_lock)
            return [.. _inFlight.Values.Select(r => r.CustomId)];
    }

    /// <summary>Ends a request, if it is still in flight, with <see cref="FinishReason.Cancelled"/>.</summary>
    public void Cancel(string key) => _engine.Cancel(key);

    /// <summary>Ends all requests with <see cref="FinishReason.Cancelled"/> and takes no more.</summary>
    public void CancelAll()
    {
        Close();
        _engine.Cancel();
    }

    /// <summary>Takes no more requests; those in flight go on.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (var waiter in _waiters.Values)
                waiter.Turn.TrySetResult(false);
            _waiters.Clear();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Close();
        await _engine.DisposeAsync().ConfigureAwait(false);
        await Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task DeliverAsync()
    {
        try
        {
            await foreach (var result in _engine.Results.ReadAllAsync().ConfigureAwait(false))
                Take(result.Key)?.SetResult(result);
        }
        catch (EngineException e)
        {
            _death = e;
            Close();
            foreach (string key in InFlightKeys())
                Take(key)?.SetException(e);
            throw;
        }
    }

    private string[] InFlightKeys()
    {
        lock (_lock)
            return [.. _inFlight.Keys];
    }

    private TaskCompletionSource<GenerationResult>? Take(string key)
    {
        lock (_lock)
        {
            if (!_inFlight.Remove(key, out var request))
                return null;
            _kvBytesInFlight -= request.KvBytes;
            GrantTurn();
            return request.Source;
        }
    }

    private void CloseRequest()
    {
        lock (_lock)
        {
            _openRequests--;
            GrantTurn();
        }
    }

    private void EndTurn()
    {
        lock (_lock)
        {
            _isTurnTaken = false;
            GrantTurn();
        }
    }

    private void GiveUp((long, long) place, Waiter waiter)
    {
        lock (_lock)
        {
            _waiters.Remove(place);
            waiter.Turn.TrySetCanceled();
            GrantTurn();
        }
    }

    // Called with the lock held, whenever something has changed.
    private void GrantTurn()
    {
        if (_isTurnTaken || _waiters.Count == 0)
            return;
        var (place, first) = _waiters.First();
        if (first.IsAlone ? _openRequests + _inFlight.Count > 0 : !HasRoom())
            return;
        _waiters.Remove(place);
        _isTurnTaken = first.Turn.TrySetResult(true);
    }

    private bool HasRoom() => (_kvBytesInFlight < Info.KvBytes && _inFlight.Count < _maxSequences) || _inFlight.Count - _engine.Snapshot.SequencesRunning < Lookahead;

    private sealed record Waiter(bool IsAlone)
    {
        public TaskCompletionSource<bool> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Turn(EngineFeed feed) : IDisposable
    {
        public void Dispose() => feed.EndTurn();
    }

    private sealed class OpenedRequest(EngineFeed feed) : IDisposable
    {
        public void Dispose() => feed.CloseRequest();
    }
}
