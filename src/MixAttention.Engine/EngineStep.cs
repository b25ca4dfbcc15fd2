namespace MixAttention.Engine;

/// <summary>States what one step did, and what was in memory while it ran.</summary>
public sealed record EngineStep
{
    /// <summary>Gets when the step began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Gets the time spent in the model.</summary>
    public TimeSpan ModelTime { get; init; }

    /// <summary>Gets the time spent around the model: scheduling, sampling, text and results.</summary>
    public TimeSpan OtherTime { get; init; }

    /// <summary>Gets when the step ended.</summary>
    public DateTimeOffset EndedAt => StartedAt + ModelTime + OtherTime;

    /// <summary>Gets the prompt tokens that were computed.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Gets the running sequences that the step brought one token further.</summary>
    public int DecodeTokens { get; init; }

    /// <summary>Gets the tokens that the step produced: those of decoding, and the first ones of prompts that ended.</summary>
    public int CompletionTokens { get; init; }

    /// <summary>Gets the sequences that held KV memory while the step ran.</summary>
    public int SequencesRunning { get; init; }

    /// <summary>Gets the requests that waited for room.</summary>
    public int SequencesWaiting { get; init; }

    /// <summary>Gets the KV bytes that were reserved while the step ran.</summary>
    public long KvBytesUsed { get; init; }
}
