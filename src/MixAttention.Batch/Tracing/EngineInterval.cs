using MixAttention.Engine;

namespace MixAttention.Batch.Tracing;

/// <summary>What an engine did in some time: the sum of its steps. Intervals add up, so detail can be given up without losing a total.</summary>
internal sealed record EngineInterval
{
    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    public int Steps { get; init; }

    public long PromptTokens { get; init; }

    public long CompletionTokens { get; init; }

    /// <summary>Gets the model's time in steps that ran prompts alone.</summary>
    public TimeSpan PrefillTime { get; init; }

    /// <summary>Gets the model's time in steps that ran prompts and brought answers further.</summary>
    public TimeSpan MixedTime { get; init; }

    /// <summary>Gets the model's time in steps that brought answers further alone.</summary>
    public TimeSpan DecodeTime { get; init; }

    /// <summary>Gets the time around the model.</summary>
    public TimeSpan OtherTime { get; init; }

    /// <summary>Gets the sequences that ran, times the seconds that they did.</summary>
    public double SequenceSeconds { get; init; }

    /// <summary>Gets the requests that waited for room, times the seconds that they did.</summary>
    public double WaitingSeconds { get; init; }

    /// <summary>Gets the KV bytes that were reserved, times seconds.</summary>
    public double KvByteSeconds { get; init; }

    public int PeakSequences { get; init; }

    public long PeakKvBytes { get; init; }

    /// <summary>Gets the time of its steps; the rest of the interval the engine had nothing to do.</summary>
    public TimeSpan BusyTime => PrefillTime + MixedTime + DecodeTime + OtherTime;

    public TimeSpan Duration => EndedAt - StartedAt;

    /// <summary>Makes the interval of one step.</summary>
    public static EngineInterval Of(EngineStep step)
    {
        double seconds = (step.ModelTime + step.OtherTime).TotalSeconds;
        bool isPrefill = step.PromptTokens > 0, isDecode = step.DecodeTokens > 0;
        return new EngineInterval
        {
            StartedAt = step.StartedAt,
            EndedAt = step.EndedAt,
            Steps = 1,
            PromptTokens = step.PromptTokens,
            CompletionTokens = step.CompletionTokens,
            PrefillTime = isPrefill && !isDecode ? step.ModelTime : default,
            MixedTime = isPrefill && isDecode ? step.ModelTime : default,
            DecodeTime = isPrefill ? default : step.ModelTime,
            OtherTime = step.OtherTime,
            SequenceSeconds = step.SequencesRunning * seconds,
            WaitingSeconds = step.SequencesWaiting * seconds,
            KvByteSeconds = step.KvBytesUsed * seconds,
            PeakSequences = step.SequencesRunning,
            PeakKvBytes = step.KvBytesUsed,
        };
    }

    /// <summary>Adds another interval; what lies between the two becomes time without work.</summary>
    public EngineInterval Plus(EngineInterval other) => new()
    {
        StartedAt = other.StartedAt < StartedAt ? other.StartedAt : StartedAt,
        EndedAt = other.EndedAt > EndedAt ? other.EndedAt : EndedAt,
        Steps = Steps + other.Steps,
        PromptTokens = PromptTokens + other.PromptTokens,
        CompletionTokens = CompletionTokens + other.CompletionTokens,
        PrefillTime = PrefillTime + other.PrefillTime,
        MixedTime = MixedTime + other.MixedTime,
        DecodeTime = DecodeTime + other.DecodeTime,
        OtherTime = OtherTime + other.OtherTime,
        SequenceSeconds = SequenceSeconds + other.SequenceSeconds,
        WaitingSeconds = WaitingSeconds + other.WaitingSeconds,
        KvByteSeconds = KvByteSeconds + other.KvByteSeconds,
        PeakSequences = Math.Max(PeakSequences, other.PeakSequences),
        PeakKvBytes = Math.Max(PeakKvBytes, other.PeakKvBytes),
    };

    /// <summary>Joins each interval of a row of them with the next one.</summary>
    public static List<EngineInterval> Halve(IEnumerable<EngineInterval> intervals) => [.. intervals.Chunk(2).Select(pair => pair.Length == 2 ? pair[0].Plus(pair[1]) : pair[0])];

    /// <summary>Writes the interval as an event of a span.</summary>
    public OtlpEvent ToEvent() => new(OtlpTime.Nanoseconds(StartedAt), TraceNames.EngineEvent, new OtlpAttributes
    {
        { TraceNames.Duration, Duration },
        { TraceNames.Steps, Steps },
        { TraceNames.PromptTokens, PromptTokens },
        { TraceNames.CompletionTokens, CompletionTokens },
        { TraceNames.PrefillTime, PrefillTime },
        { TraceNames.MixedTime, MixedTime },
        { TraceNames.DecodeTime, DecodeTime },
        { TraceNames.OtherTime, OtherTime },
        { TraceNames.SequencesRunning, Mean(SequenceSeconds) },
        { TraceNames.SequencesWaiting, Mean(WaitingSeconds) },
        { TraceNames.KvUsed, Mean(KvByteSeconds) },
        { TraceNames.PeakSequences, PeakSequences },
        { TraceNames.KvPeak, PeakKvBytes },
    });

    /// <summary>Reads an event.</summary>
    public static EngineInterval Of(OtlpEvent written)
    {
        var attributes = written.Attributes;
        var duration = attributes.Seconds(TraceNames.Duration);
        var startedAt = OtlpTime.Of(written.TimeUnixNano);
        return new EngineInterval
        {
            StartedAt = startedAt,
            EndedAt = startedAt + duration,
            Steps = (int)attributes.Integer(TraceNames.Steps),
            PromptTokens = attributes.Integer(TraceNames.PromptTokens),
            CompletionTokens = attributes.Integer(TraceNames.CompletionTokens),
            PrefillTime = attributes.Seconds(TraceNames.PrefillTime),
            MixedTime = attributes.Seconds(TraceNames.MixedTime),
            DecodeTime = attributes.Seconds(TraceNames.DecodeTime),
            OtherTime = attributes.Seconds(TraceNames.OtherTime),
            SequenceSeconds = attributes.Number(TraceNames.SequencesRunning) * duration.TotalSeconds,
            WaitingSeconds = attributes.Number(TraceNames.SequencesWaiting) * duration.TotalSeconds,
            KvByteSeconds = attributes.Number(TraceNames.KvUsed) * duration.TotalSeconds,
            PeakSequences = (int)attributes.Integer(TraceNames.PeakSequences),
            PeakKvBytes = attributes.Integer(TraceNames.KvPeak),
        };
    }

    private double Mean(double timesSeconds) => Duration == TimeSpan.Zero ? 0 : timesSeconds / Duration.TotalSeconds;
}
