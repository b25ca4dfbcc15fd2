using System.Collections.Concurrent;
using System.Threading.Channels;
using MixAttention.Engine.Sampling;
using MixAttention.Engine.Scheduling;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine;

/// <summary>A request on its way to the engine thread.</summary>
/// <param name="Number">Unique in the engine's life and rising in the order in which requests were handed in.</param>
internal sealed record Submission(int Number, GenerationRequest Request, RequestClock Clock);

/// <summary>The wish to end the requests of one key.</summary>
/// <param name="LastNumber">Later requests with the key are not meant.</param>
internal readonly record struct Cancellation(string Key, int LastNumber);

/// <summary>What the loop shares with the world outside its thread.</summary>
/// <param name="Inbox">Requests; completed when no more will come.</param>
/// <param name="Cancellations">Requests to end before the next step.</param>
/// <param name="Results">Results; full means that the loop waits.</param>
/// <param name="Publish">Takes the state after each step.</param>
/// <param name="OnStep">Takes each step once it has run; null where nobody wants to know.</param>
/// <param name="Cancelled">Ends all requests as cancelled.</param>
/// <param name="Abandoned">Ends the loop although results are unread.</param>
internal sealed record EngineChannels(
    ChannelReader<Submission> Inbox,
    ConcurrentQueue<Cancellation> Cancellations,
    ChannelWriter<GenerationResult> Results,
    Action<EngineSnapshot> Publish,
    Action<EngineStep>? OnStep,
    CancellationToken Cancelled,
    CancellationToken Abandoned);

/// <summary>Runs requests to their ends on the engine thread: receive, schedule, run, sample, answer.</summary>
internal sealed class EngineLoop
{
    private readonly IModelRunner _runner;
    private readonly EngineChannels _channels;
    private readonly EngineMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly int _maxWaiting;
    private readonly RequestCheck _check;
    private readonly Scheduler _scheduler;
    private readonly TokenSampler _sampler;
    private readonly Func<TokenText>? _createText;
    private readonly HashSet<int> _endTokenIds;
    private readonly LogitsHandler _onLogits;
    private readonly List<GenerationResult> _answers = [];
    private readonly Dictionary<string, int> _cancelledInInbox = []; // key → last number; emptied with the inbox

    private ScheduledStep? _step;
    private SampledToken?[] _sampled = [];
    private TimeSpan _samplingTime;
    private EngineSnapshot _snapshot = new();

    /// <summary>Creates a loop over a runner, which stays the caller's to dispose.</summary>
    public EngineLoop(IModelRunner runner, EngineOptions options, Func<TokenText>? createText, IEnumerable<int> endTokenIds, EngineChannels channels, EngineMetrics metrics, TimeProvider time)
    {
        _runner = runner;
        _channels = channels;
        _metrics = metrics;
        _time = time;
        _maxWaiting = options.MaxWaiting - (options.MaxWaiting / 2); // the inbox holds the other half
        _check = new RequestCheck(runner.VocabularySize, runner.MaxSequenceLength, runner.KvGeometry, runner.KvArenaElements, createText is not null);
        _scheduler = new Scheduler(runner.KvGeometry, runner.KvArenaElements, options);
        _sampler = new TokenSampler(runner.VocabularySize);
        _createText = createText;
        _endTokenIds = [.. endTokenIds];
        _onLogits = Sample;
    }

    /// <summary>Runs until the inbox is complete and every request is answered.</summary>
    /// <exception cref="OperationCanceledException">The loop was abandoned.</exception>
    public void Run()
    {
        while (true)
        {
            long started = _time.GetTimestamp();
            CancelByKey();
            Receive();
            if (_channels.Cancelled.IsCancellationRequested)
                Answer(_scheduler.Cancel(_ => true));
            var step = _scheduler.Schedule();
            if (step is not null)
                RunStep(step, started);
            Publish();
            Deliver();
            if (step is not null)
                continue;
            _scheduler.CheckIntegrity();
            if (!_channels.Inbox.WaitToReadAsync(_channels.Abandoned).AsTask().GetAwaiter().GetResult())
                return;
        }
    }

    private void CancelByKey()
    {
        while (_channels.Cancellations.TryDequeue(out var cancellation))
        {
            var (key, last) = cancellation;
            Answer(_scheduler.Cancel(s => s.Id <= last && s.Request.Key == key));
            _cancelledInInbox[key] = last;
        }
    }

    private void Receive()
    {
        while (_scheduler.WaitingCount < _maxWaiting)
        {
            if (!_channels.Inbox.TryRead(out var submission))
            {
                _cancelledInInbox.Clear();
                return;
            }

            var request = submission.Request;
            var text = _createText is null ? null : new AnswerText(_createText(), request.Sampling.Stop);
            var sequence = new SequenceState(submission.Number, request, submission.Clock, _endTokenIds, text);
            if (_cancelledInInbox.TryGetValue(request.Key, out int last) && sequence.Id <= last)
            {
                sequence.Cancel();
                Answer([sequence]);
            }
            else if (_check.Check(request) is { } error)
            {
                sequence.Reject(error);
                Answer([sequence]);
            }
            else
            {
                _scheduler.Add(sequence);
            }
        }
    }

    private void RunStep(ScheduledStep step, long started)
    {
        _step = step;
        _sampled = new SampledToken?[step.Sampled.Count];
        _samplingTime = TimeSpan.Zero;
        foreach (var turn in step.Prefilled)
            turn.Sequence.Clock.MarkChunk();

        int running = _scheduler.RunningCount;
        long kvElements = _scheduler.KvElementsUsed;
        long modelStarted = _time.GetTimestamp();
        foreach (var move in step.Moves)
            _runner.MoveKv(move.From, move.To, move.Elements);
        foreach (var (from, to) in step.RingCopies)
            _runner.CopyRings(from, to);
        _runner.Run(step.Plan, _onLogits);
        var modelTime = _time.GetElapsedTime(modelStarted) - _samplingTime;

        var output = new StepOutput([.. _sampled.Select((s, i) => s ?? throw new InvalidOperationException($"The runner gave no logits for row {i} of {step.Plan}."))]);
        foreach (var sequence in step.Sampled)
            sequence.Clock.MarkToken();
        CountPrefill(step);
        Answer(_scheduler.Complete(step, output));

        var otherTime = _time.GetElapsedTime(started) - modelTime;
        int completionTokens = output.Tokens.Count(t => t.Problem is null);
        _metrics.RecordStep(completionTokens, modelTime, otherTime);
        _snapshot = _snapshot with
        {
            Steps = _snapshot.Steps + 1,
            CompletionTokens = _snapshot.CompletionTokens + completionTokens,
            ModelTime = _snapshot.ModelTime + modelTime,
            OtherTime = _snapshot.OtherTime + otherTime,
        };
        _channels.OnStep?.Invoke(new EngineStep
        {
            StartedAt = _time.GetUtcNow() - modelTime - otherTime,
            ModelTime = modelTime,
            OtherTime = otherTime,
            PromptTokens = step.Plan.Prefill.Sum(c => c.TokenIds.Length),
            DecodeTokens = step.Plan.Decode.Count,
            CompletionTokens = completionTokens,
            SequencesRunning = running,
            SequencesWaiting = _scheduler.WaitingCount + _channels.Inbox.Count,
            KvBytesUsed = kvElements * _runner.KvGeometry.BytesPerElement,
        });
    }

    private void CountPrefill(ScheduledStep step)
    {
        foreach (var (turn, chunk) in step.Prefilled.Zip(step.Plan.Prefill))
        {
            double flops = _runner.CountPrefillFlops(chunk.Trim, chunk.Position, chunk.TokenIds.Length);
            double untrimmed = _runner.CountPrefillFlops(PrefillTrim.None(_runner.KvGeometry.Layout, chunk.Trim.PromptLength), chunk.Position, chunk.TokenIds.Length);
            var work = new PrefillWork(flops, untrimmed - flops, chunk.Trim.SkippedRows(chunk.Position, chunk.End));
            turn.Sequence.Prefill = turn.Sequence.Prefill.Plus(work);
            int cached = turn.IsFork ? turn.Sequence.CachedPromptTokens : 0;
            _metrics.RecordPrefill(chunk.TokenIds.Length, cached, work);
            _snapshot = _snapshot with
            {
                ComputedPromptTokens = _snapshot.ComputedPromptTokens + chunk.TokenIds.Length,
                CachedPromptTokens = _snapshot.CachedPromptTokens + cached,
                PrefixHits = _snapshot.PrefixHits + (cached > 0 ? 1 : 0),
                PrefillFlops = _snapshot.PrefillFlops + work.Flops,
                PrefillFlopsSaved = _snapshot.PrefillFlopsSaved + work.FlopsSaved,
            };
        }
    }

    // Called by the runner while the step runs, in any order of rows.
    private void Sample(int sampleIndex, ReadOnlySpan<float> logits)
    {
        long started = _time.GetTimestamp();
        var sequence = _step!.Sampled[sampleIndex]; // set before the runner runs
        if (_sampled[sampleIndex] is not null)
            throw new InvalidOperationException($"The runner gave logits for row {sampleIndex} twice.");
        if (!_sampler.TrySample(logits, sequence.Sampling, sequence.NextPosition, out int tokenId))
        {
            _sampled[sampleIndex] = new SampledToken(sequence.Id, -1, Problem:
                $"The model's logits at position {sequence.NextPosition} are not finite. Check the checkpoint; if it is sound, run in float32.");
        }
        else
        {
            var logprobs = sequence.Request.Sampling.TopLogprobs is { } top ? _sampler.ReadLogprobs(logits, tokenId, top) : null;
            _sampled[sampleIndex] = new SampledToken(sequence.Id, tokenId, logprobs);
        }

        _samplingTime += _time.GetElapsedTime(started);
    }

    private void Answer(IReadOnlyList<SequenceState> finished)
    {
        foreach (var sequence in finished)
        {
            long kvBytes = sequence.ReservedTokens == 0 ? 0 : _runner.KvGeometry.Bytes(sequence.ReservedTokens);
            _answers.Add(sequence.ToResult(kvBytes));
            _metrics.RecordFinished(sequence.FinishReason);
        }

        _snapshot = _snapshot with { SequencesFinished = _snapshot.SequencesFinished + finished.Count };
    }

    private void Publish()
    {
        long bytesPerElement = _runner.KvGeometry.BytesPerElement;
        _snapshot = _snapshot with
        {
            SequencesRunning = _scheduler.RunningCount,
            SequencesWaiting = _scheduler.WaitingCount + _channels.Inbox.Count,
            WaitingTokens = _scheduler.WaitingTokens,
            KvBytesUsed = _scheduler.KvElementsUsed * bytesPerElement,
            PeakKvBytesUsed = _scheduler.PeakKvElementsUsed * bytesPerElement,
            KvBytesBudget = _runner.KvArenaElements * bytesPerElement,
        };
        _channels.Publish(_snapshot);
    }

    private void Deliver()
    {
        foreach (var result in _answers)
        {
            if (!_channels.Results.TryWrite(result))
                _channels.Results.WriteAsync(result, _channels.Abandoned).AsTask().GetAwaiter().GetResult();
        }

        _answers.Clear();
    }
}
