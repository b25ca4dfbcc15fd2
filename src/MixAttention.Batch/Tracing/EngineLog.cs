using MixAttention.Engine;

namespace MixAttention.Batch.Tracing;

/// <summary>Keeps what an engine did until somebody writes it down: intervals always, single steps where they are asked for.</summary>
/// <param name="keepsSteps">Whether single steps are kept.</param>
/// <remarks>Memory is bounded however long nobody asks: intervals grow longer, and steps are dropped and counted. Safe for several threads.</remarks>
internal sealed class EngineLog(bool keepsSteps)
{
    private const int MaxIntervals = 120;
    private const int MaxSteps = 100_000;

    private readonly Lock _lock = new();
    private List<EngineInterval> _intervals = [];
    private EngineInterval? _open;
    private int _stepsPerInterval = 1;
    private List<NumberedStep> _steps = [];
    private long _stepCount;
    private long _dropped;

    /// <summary>Takes a step that has run.</summary>
    public void Add(EngineStep step)
    {
        var interval = EngineInterval.Of(step);
        lock (_lock)
        {
            _open = _open?.Plus(interval) ?? interval;
            if (_open.Steps == _stepsPerInterval)
            {
                _intervals.Add(_open);
                _open = null;
            }

            if (_intervals.Count == MaxIntervals)
            {
                _intervals = EngineInterval.Halve(_intervals);
                _stepsPerInterval *= 2;
            }

            _stepCount++;
            if (keepsSteps && _steps.Count < MaxSteps)
                _steps.Add(new NumberedStep(_stepCount, step));
            else if (keepsSteps)
                _dropped++;
        }
    }

    /// <summary>Takes out what was kept since the last time.</summary>
    public EngineLogPart Drain()
    {
        lock (_lock)
        {
            var part = new EngineLogPart(_open is null ? _intervals : [.. _intervals, _open], _steps, _dropped);
            (_intervals, _open, _stepsPerInterval, _steps, _dropped) = ([], null, 1, [], 0);
            return part;
        }
    }
}

/// <summary>What an engine did between two drains of its log.</summary>
internal sealed record EngineLogPart(IReadOnlyList<EngineInterval> Intervals, IReadOnlyList<NumberedStep> Steps, long DroppedSteps);

/// <summary>A step, and its number in the engine's life, from 1.</summary>
internal sealed record NumberedStep(long Number, EngineStep Step)
{
    /// <summary>Writes the step as a span.</summary>
    public OtlpSpan ToSpan(SpanPlace engine)
    {
        var place = engine.Inside($"step {Number}");
        return new OtlpSpan
        {
            TraceId = place.TraceId,
            SpanId = place.SpanId,
            Name = TraceNames.StepSpan,
            StartTimeUnixNano = OtlpTime.Nanoseconds(Step.StartedAt),
            EndTimeUnixNano = OtlpTime.Nanoseconds(Step.EndedAt),
            Attributes = new OtlpAttributes
            {
                { TraceNames.Steps, Number },
                { TraceNames.ModelTime, Step.ModelTime },
                { TraceNames.OtherTime, Step.OtherTime },
                { TraceNames.PromptTokens, Step.PromptTokens },
                { TraceNames.DecodeTokens, Step.DecodeTokens },
                { TraceNames.CompletionTokens, Step.CompletionTokens },
                { TraceNames.SequencesRunning, Step.SequencesRunning },
                { TraceNames.SequencesWaiting, Step.SequencesWaiting },
                { TraceNames.KvUsed, Step.KvBytesUsed },
            },
        };
    }

    /// <summary>Reads a span.</summary>
    public static NumberedStep Of(OtlpSpan span)
    {
        var attributes = span.Attributes;
        return new NumberedStep(attributes.Integer(TraceNames.Steps), new EngineStep
        {
            StartedAt = span.StartedAt,
            ModelTime = attributes.Seconds(TraceNames.ModelTime),
            OtherTime = attributes.Seconds(TraceNames.OtherTime),
            PromptTokens = (int)attributes.Integer(TraceNames.PromptTokens),
            DecodeTokens = (int)attributes.Integer(TraceNames.DecodeTokens),
            CompletionTokens = (int)attributes.Integer(TraceNames.CompletionTokens),
            SequencesRunning = (int)attributes.Integer(TraceNames.SequencesRunning),
            SequencesWaiting = (int)attributes.Integer(TraceNames.SequencesWaiting),
            KvBytesUsed = attributes.Integer(TraceNames.KvUsed),
        });
    }
}
