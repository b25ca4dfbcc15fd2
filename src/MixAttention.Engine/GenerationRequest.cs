using MixAttention.Engine.Sampling;

namespace MixAttention.Engine;

/// <summary>Asks for the continuation of one prompt.</summary>
public sealed record GenerationRequest
{
    /// <summary>Gets the caller's name of the request; part of the key of random numbers and so of its result.</summary>
    public required string CustomId { get; init; }

    /// <summary>Gets by what the caller knows the request again, in <see cref="GenerationResult.Key"/> and for <see cref="InferenceEngine.Cancel(string)"/>; never part of the result's tokens.</summary>
    /// <value><see cref="CustomId"/> unless set; set it where several requests may have the same one.</value>
    public string Key { get => field ?? CustomId; init; }

    /// <summary>Gets the prompt's token ids, at least one.</summary>
    public required ReadOnlyMemory<int> PromptIds { get; init; }

    /// <summary>Gets the number of leading prompt tokens that lie inside the part of the template that requests may share; 0 for none.</summary>
    /// <remarks>A chunk of prefill ends here whether anything is shared or not, so that sharing never changes bits.</remarks>
    public int ForkPosition { get; init; }

    /// <summary>Gets whether requests with the same tokens before the fork follow at once, so that these tokens are computed for all of them although this request may be the only one that waits.</summary>
    /// <value>False unless set: then tokens are shared by requests that wait at the same time.</value>
    public bool ExpectsSharers { get; init; }

    /// <summary>Gets how tokens are chosen and when the text ends.</summary>
    public SamplingParams Sampling { get; init; } = new();
}

/// <summary>Why a text ended, in OpenAI's words.</summary>
public enum FinishReason
{
    /// <summary>An end token, a stop id or a stop string was produced (`stop`).</summary>
    Stop,

    /// <summary>The maximum of new tokens was reached (`length`).</summary>
    Length,

    /// <summary>The request was cancelled before it ended; not an OpenAI reason, never written as a success.</summary>
    Cancelled,

    /// <summary>The request could not run; see <see cref="GenerationResult.Error"/>.</summary>
    Error,
}

/// <summary>Says why a request could not run.</summary>
/// <param name="Code">An error code of the closed list, such as <c>context_length_exceeded</c>.</param>
/// <param name="Message">What was found, what is allowed and what to do.</param>
public sealed record GenerationError(string Code, string Message);

/// <summary>When things happened to a request, as time since it was submitted.</summary>
/// <param name="Queued">Until its first chunk ran.</param>
/// <param name="FirstToken">Until its first token was sampled.</param>
/// <param name="Total">Until it finished.</param>
public readonly record struct GenerationTimings(TimeSpan Queued, TimeSpan FirstToken, TimeSpan Total)
{
    /// <summary>Gets the time from its first chunk to its first token.</summary>
    public TimeSpan Prefill => FirstToken - Queued;

    /// <summary>Gets the time from its first token to its end.</summary>
    public TimeSpan Decode => Total - FirstToken;
}

/// <summary>What prefill took and what trimming kept out of it.</summary>
/// <param name="Flops">Floating-point operations.</param>
/// <param name="FlopsSaved">Floating-point operations that were not needed.</param>
/// <param name="SkippedRows">Rows that were not needed; a row is one position in one layer, so as many of them as the prompt has tokens make a layer.</param>
public readonly record struct PrefillWork(double Flops, double FlopsSaved, long SkippedRows)
{
    /// <summary>Adds two parts.</summary>
    public PrefillWork Plus(PrefillWork other) => new(Flops + other.Flops, FlopsSaved + other.FlopsSaved, SkippedRows + other.SkippedRows);
}

/// <summary>The continuation of one prompt.</summary>
public sealed record GenerationResult
{
    /// <summary>Gets the request's name.</summary>
    public required string CustomId { get; init; }

    /// <summary>Gets the request's <see cref="GenerationRequest.Key"/>.</summary>
    public string Key { get => field ?? CustomId; init; }

    /// <summary>Gets the tokens produced, end token excluded; a stop string's tokens are included.</summary>
    public required IReadOnlyList<int> TokenIds { get; init; }

    /// <summary>Gets the text, cut before a stop string; null when the engine has no tokenizer.</summary>
    public string? Text { get; init; }

    /// <summary>Gets why the text ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>Gets the number of prompt tokens.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Gets the number of prompt tokens that were computed for another request (OpenAI's <c>cached_tokens</c>). It depends on company, so it is no part of a deterministic record.</summary>
    public int CachedPromptTokens { get; init; }

    /// <summary>Gets the number of tokens produced, an end token included (as OpenAI counts).</summary>
    public required int CompletionTokens { get; init; }

    /// <summary>Gets log-probabilities, one entry per token of <see cref="TokenIds"/>; null unless asked for.</summary>
    public IReadOnlyList<TokenLogprobs>? Logprobs { get; init; }

    /// <summary>Gets why the request could not run; null for a success.</summary>
    public GenerationError? Error { get; init; }

    /// <summary>Gets when things happened.</summary>
    public GenerationTimings Timings { get; init; }

    /// <summary>Gets the bytes of keys and values that the sequence reserved for itself, a shared prefix not included.</summary>
    public long KvBytes { get; init; }

    /// <summary>Gets what the prompt's prefill took; a shared prefix counts for the request on whose behalf it ran.</summary>
    public PrefillWork Prefill { get; init; }
}
