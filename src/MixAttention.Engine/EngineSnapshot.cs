namespace MixAttention.Engine;

/// <summary>States where the engine is: a consistent value, taken after a step.</summary>
public sealed record EngineSnapshot
{
    /// <summary>Gets the sequences that hold KV memory.</summary>
    public int SequencesRunning { get; init; }

    /// <summary>Gets the requests that wait for room.</summary>
    public int SequencesWaiting { get; init; }

    /// <summary>Gets prompt + max new tokens of the waiting requests that the engine has taken from its inbox; it takes them while there are fewer than half of <see cref="EngineOptions.MaxWaiting"/>.</summary>
    public long WaitingTokens { get; init; }

    /// <summary>Gets the requests answered so far, errors and cancelled ones included.</summary>
    public long SequencesFinished { get; init; }

    /// <summary>Gets the prompt tokens that are done so far, computed or taken from a shared prefix.</summary>
    public long PromptTokens => ComputedPromptTokens + CachedPromptTokens;

    /// <summary>Gets the prompt tokens computed so far.</summary>
    public long ComputedPromptTokens { get; init; }

    /// <summary>Gets the prompt tokens that needed no computation, because a shared prefix had been computed for another request.</summary>
    public long CachedPromptTokens { get; init; }

    /// <summary>Gets the requests that took their first tokens from such a prefix.</summary>
    public long PrefixHits { get; init; }

    /// <summary>Gets the tokens produced so far.</summary>
    public long CompletionTokens { get; init; }

    /// <summary>Gets the KV bytes reserved now.</summary>
    public long KvBytesUsed { get; init; }

    /// <summary>Gets the most KV bytes that were reserved at once.</summary>
    public long PeakKvBytesUsed { get; init; }

    /// <summary>Gets the KV bytes that may be reserved; 0 until the model is loaded.</summary>
    public long KvBytesBudget { get; init; }

    /// <summary>Gets the KV bytes that are free now.</summary>
    public long KvBytesFree => KvBytesBudget - KvBytesUsed;

    /// <summary>Gets the floating-point operations of prefills so far.</summary>
    public double PrefillFlops { get; init; }

    /// <summary>Gets the floating-point operations that trimming kept out of them.</summary>
    public double PrefillFlopsSaved { get; init; }

    /// <summary>Gets the share of prefill operations that trimming saved, 0 to 1.</summary>
    public double PrefillFlopsSavedShare => PrefillFlopsSaved == 0 ? 0 : PrefillFlopsSaved / (PrefillFlops + PrefillFlopsSaved);

    /// <summary>Gets the steps run so far.</summary>
    public long Steps { get; init; }

    /// <summary>Gets the time spent in the model so far.</summary>
    public TimeSpan ModelTime { get; init; }

    /// <summary>Gets the time spent around the model in steps so far: scheduling, sampling, text and results.</summary>
    public TimeSpan OtherTime { get; init; }

    /// <summary>Gets the time that steps took, in the model and outside of it; the rest it waited for requests.</summary>
    public TimeSpan BusyTime => ModelTime + OtherTime;
}
