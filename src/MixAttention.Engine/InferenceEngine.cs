using System.Collections.Concurrent;
using System.Threading.Channels;
using MixAttention.Engine.Sampling;
using MixAttention.Model.Tokenization;

namespace MixAttention.Engine;

/// <summary>Runs generation requests through a model, many at once, on a thread of its own.</summary>
/// <remarks>
/// Every accepted request gives exactly one result, in order of completion. Requests go in and results come out through bounded channels: a submitter waits while
/// <see cref="EngineOptions.MaxWaiting"/> requests wait, and the engine waits while nobody reads <see cref="Results"/>. All members may be called from any thread.
/// </remarks>
public sealed class InferenceEngine : IAsyncDisposable
{
    private const int ResultCapacity = 256;

    private readonly Channel<Submission> _inbox;
    private readonly Channel<GenerationResult> _results;
    private readonly ConcurrentQueue<Cancellation> _cancellations = new(); // bounded by the callers: one entry per call, emptied before each step
    private readonly TaskCompletionSource<EngineInfo> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cancelled = new();
    private readonly CancellationTokenSource _abandoned = new();
    private readonly EngineMetrics _metrics;
    private readonly TimeProvider _time;
    private EngineSnapshot _snapshot = new();
    private int _submitted;

    private InferenceEngine(EngineOptions options, TimeProvider time)
    {
        _inbox = Channel.CreateBounded<Submission>(new BoundedChannelOptions(options.MaxWaiting / 2) { SingleReader = true });
        _results = Channel.CreateBounded<GenerationResult>(new BoundedChannelOptions(ResultCapacity) { SingleWriter = true });
        _metrics = new EngineMetrics(() => Snapshot);
        _time = time;
    }

    /// <summary>Gets the facts of the model once it is loaded; faulted with <see cref="EngineException"/> when it cannot be loaded.</summary>
    public Task<EngineInfo> Ready => _ready.Task;

    /// <summary>Gets the results, one per accepted request. Completes after <see cref="CompleteSubmissions"/> or <see cref="Cancel()"/> and the last result.</summary>
    /// <remarks>Completes with <see cref="EngineException"/> when the engine has died.</remarks>
    public ChannelReader<GenerationResult> Results => _results.Reader;

    /// <summary>Gets the state after the latest step.</summary>
    public EngineSnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>Starts an engine. Loading goes on after the return; see <see cref="Ready"/>.</summary>
    /// <param name="createRunner">Called on the engine's thread, which also uses and disposes the runner.</param>
    /// <param name="options">The operator's decisions.</param>
    /// <param name="tokenizer">Makes text of tokens; stays the caller's to dispose, after the engine. Null for results without text.</param>
    /// <param name="endTokenIds">Ids that end an answer.</param>
    /// <param name="time">The clock; the system's unless given.</param>
    /// <param name="onStep">Called on the engine's thread after each step; must be quick and must not throw.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message lists all that are.</exception>
    public static InferenceEngine Start(
        Func<IModelRunner> createRunner, EngineOptions options, Tokenizer? tokenizer, IReadOnlyList<int> endTokenIds, TimeProvider? time = null, Action<EngineStep>? onStep = null) =>
        StartWithText(createRunner, options, tokenizer is null ? null : () => TokenText.Of(tokenizer), endTokenIds, time, onStep);

    /// <summary>Starts an engine with any source of text.</summary>
    internal static InferenceEngine StartWithText(
        Func<IModelRunner> createRunner, EngineOptions options, Func<TokenText>? createText, IReadOnlyList<int> endTokenIds, TimeProvider? time = null, Action<EngineStep>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(createRunner);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(endTokenIds);
        options.Validate();
        var engine = new InferenceEngine(options, time ?? TimeProvider.System);
        // A background thread, so that a process that forgets to dispose the engine still ends.
        new Thread(() => engine.RunThread(createRunner, options, createText, endTokenIds, onStep)) { Name = "MixAttention.Engine", IsBackground = true }.Start();
        return engine;
    }

    /// <summary>Hands a request in; waits while too many wait already.</summary>
    /// <remarks>A request that cannot run is accepted too: its result is an error.</remarks>
    /// <exception cref="EngineException">The engine has died.</exception>
    /// <exception cref="OperationCanceledException">The token or the engine was cancelled.</exception>
    /// <exception cref="InvalidOperationException">Submissions are complete.</exception>
    public async ValueTask SubmitAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            await _inbox.Writer.WriteAsync(new Submission(Interlocked.Increment(ref _submitted), request, new RequestClock(_time)), cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException closed)
        {
            if (closed.InnerException is EngineException died)
                throw new EngineException(died.Message, died.InnerException ?? died);
            if (_cancelled.IsCancellationRequested)
                throw new OperationCanceledException($"The engine was cancelled before request {request.CustomId} was accepted.", closed, _cancelled.Token);
            throw new InvalidOperationException($"Request {request.CustomId} comes after CompleteSubmissions. Start another engine for it.");
        }
    }

    /// <summary>Says that no more requests come. What was accepted is still run.</summary>
    public void CompleteSubmissions() => _inbox.Writer.TryComplete();

    /// <summary>Ends the requests with this key that were handed in before, waiting or running, after the current step: each gives a result with <see cref="FinishReason.Cancelled"/>.</summary>
    /// <remarks>Nothing happens when there is none: it has ended already or was never handed in.</remarks>
    public void Cancel(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        _cancellations.Enqueue(new Cancellation(key, Volatile.Read(ref _submitted)));
    }

    /// <summary>Ends all requests after the current step: each unfinished one gives a result with <see cref="FinishReason.Cancelled"/>. Nothing is accepted from here on.</summary>
    public void Cancel()
    {
        _cancelled.Cancel();
        CompleteSubmissions();
    }

    /// <summary>Cancels what still runs, drops results that nobody read and waits for the thread's end.</summary>
    public async ValueTask DisposeAsync()
    {
        Cancel();
        await _abandoned.CancelAsync().ConfigureAwait(false);
        await _ended.Task.ConfigureAwait(false);
        _metrics.Dispose();
        // The token sources stay undisposed: they own no timer, and Cancel may still be called.
    }

    private void RunThread(Func<IModelRunner> createRunner, EngineOptions options, Func<TokenText>? createText, IReadOnlyList<int> endTokenIds, Action<EngineStep>? onStep)
    {
        Exception? fault = null;
        try
        {
            using var runner = createRunner();
            var channels = new EngineChannels(_inbox.Reader, _cancellations, _results.Writer, snapshot => Volatile.Write(ref _snapshot, snapshot), onStep, _cancelled.Token, _abandoned.Token);
            var loop = new EngineLoop(runner, options, createText, endTokenIds, channels, _metrics, _time);
            _ready.SetResult(new EngineInfo(runner.VocabularySize, runner.MaxSequenceLength, runner.KvGeometry, runner.KvArenaElements, runner.NumericsVersion));
            loop.Run();
        }
        catch (OperationCanceledException) when (_abandoned.IsCancellationRequested)
        {
            // Disposed: nobody waits for the rest.
        }
#pragma warning disable CA1031 // The thread's edge: whatever killed the engine must reach those who wait for it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            fault = new EngineException(_ready.Task.IsCompletedSuccessfully ? $"The engine stopped in a step: {e.Message}" : $"The model could not be loaded: {e.Message}", e);
        }

        if (fault is not null)
            _ready.TrySetException(fault);
        else
            _ready.TrySetCanceled();
        _inbox.Writer.TryComplete(fault);
        _results.Writer.TryComplete(fault);
        _ended.SetResult();
    }
}
