using System.Diagnostics.Metrics;

namespace MixAttention.Engine;

/// <summary>Publishes one engine's figures as metrics of the meter <c>MixAttention.Engine</c>. Preemptions are no metric: exact reservation leaves none.</summary>
internal sealed class EngineMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "MixAttention.Engine";

    private readonly Counter<long> _promptTokens;
    private readonly Counter<long> _cachedPromptTokens;
    private readonly Counter<long> _prefixHits;
    private readonly Counter<long> _completionTokens;
    private readonly Counter<long> _steps;
    private readonly Counter<long> _finished;
    private readonly Counter<double> _prefillFlops;
    private readonly Counter<double> _prefillFlopsSaved;
    private readonly Histogram<double> _stepDuration;

    /// <summary>Creates the instruments.</summary>
    /// <param name="snapshot">Gives the engine's state when a collector asks.</param>
    public EngineMetrics(Func<EngineSnapshot> snapshot)
    {
        _promptTokens = Meter.CreateCounter<long>("mixattention.prompt.tokens", "{token}", "Prompt tokens done: computed, or taken from a shared prefix.");
        _cachedPromptTokens = Meter.CreateCounter<long>("mixattention.prompt.cached_tokens", "{token}", "Prompt tokens among them that were taken from a shared prefix.");
        _prefixHits = Meter.CreateCounter<long>("mixattention.prefix.hits", "{sequence}", "Sequences that took their first tokens from a shared prefix.");
        _completionTokens = Meter.CreateCounter<long>("mixattention.completion.tokens", "{token}", "Tokens produced.");
        _steps = Meter.CreateCounter<long>("mixattention.steps", "{step}", "Steps run.");
        _finished = Meter.CreateCounter<long>("mixattention.sequences.finished", "{sequence}", "Requests answered, by finish_reason.");
        _prefillFlops = Meter.CreateCounter<double>("mixattention.prefill.operations", "{operation}", "Floating-point operations of prefills.");
        _prefillFlopsSaved = Meter.CreateCounter<double>("mixattention.prefill.operations_saved", "{operation}", "Floating-point operations that trimming kept out of them.");
        _stepDuration = Meter.CreateHistogram<double>("mixattention.step.duration", "s", "Time of a step, by phase: model, or engine (scheduling, sampling, text, results).");
        Meter.CreateObservableGauge("mixattention.sequences.running", () => snapshot().SequencesRunning, "{sequence}", "Sequences that hold KV memory.");
        Meter.CreateObservableGauge("mixattention.sequences.waiting", () => snapshot().SequencesWaiting, "{sequence}", "Requests that wait for room.");
        Meter.CreateObservableGauge("mixattention.kv.used", () => snapshot().KvBytesUsed, "By", "KV bytes reserved.");
        Meter.CreateObservableGauge("mixattention.kv.budget", () => snapshot().KvBytesBudget, "By", "KV bytes that may be reserved.");
    }

    /// <summary>Gets the meter of this engine.</summary>
    internal Meter Meter { get; } = new(MeterName);

    /// <summary>Counts a step.</summary>
    public void RecordStep(int completionTokens, TimeSpan modelTime, TimeSpan otherTime)
    {
        _steps.Add(1);
        _completionTokens.Add(completionTokens);
        _stepDuration.Record(modelTime.TotalSeconds, new KeyValuePair<string, object?>("phase", "model"));
        _stepDuration.Record(otherTime.TotalSeconds, new KeyValuePair<string, object?>("phase", "engine"));
    }

    /// <summary>Counts a chunk of a prompt.</summary>
    /// <param name="tokens">Tokens of the chunk.</param>
    /// <param name="cachedTokens">Tokens before the chunk that the sequence takes from a shared prefix with it.</param>
    /// <param name="work">What the chunk took.</param>
    public void RecordPrefill(int tokens, int cachedTokens, PrefillWork work)
    {
        _promptTokens.Add(tokens + cachedTokens);
        _cachedPromptTokens.Add(cachedTokens);
        _prefixHits.Add(cachedTokens > 0 ? 1 : 0);
        _prefillFlops.Add(work.Flops);
        _prefillFlopsSaved.Add(work.FlopsSaved);
    }

    /// <summary>Counts an answered request.</summary>
    public void RecordFinished(FinishReason reason) => _finished.Add(1, new KeyValuePair<string, object?>("finish_reason", reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        FinishReason.Cancelled => "cancelled",
        _ => "error",
    }));

    /// <inheritdoc />
    public void Dispose() => Meter.Dispose();
}
