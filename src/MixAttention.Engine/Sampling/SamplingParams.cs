namespace MixAttention.Engine.Sampling;

/// <summary>Says how tokens are chosen and when a text ends. Names and ranges are those of OpenAI and vLLM.</summary>
public sealed record SamplingParams
{
    /// <summary>Gets the most tokens to produce.</summary>
    /// <value>256 unless set.</value>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Gets the temperature; 0 takes the most likely token (greedy).</summary>
    /// <value>0 unless set.</value>
    public double Temperature { get; init; }

    /// <summary>Gets the number of most likely tokens kept; 0 keeps all.</summary>
    /// <value>0 unless set.</value>
    public int TopK { get; init; }

    /// <summary>Gets the probability mass of most likely tokens kept, in (0, 1].</summary>
    /// <value>1 unless set.</value>
    public double TopP { get; init; } = 1;

    /// <summary>Gets the least probability kept, relative to the most likely token's, in [0, 1].</summary>
    /// <value>0 unless set.</value>
    public double MinP { get; init; }

    /// <summary>Gets the factor by which logits of tokens seen in prompt or answer are weakened; 1 for none.</summary>
    /// <value>1 unless set.</value>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Gets what is subtracted from the logits of tokens already in the answer, in [-2, 2].</summary>
    /// <value>0 unless set.</value>
    public double PresencePenalty { get; init; }

    /// <summary>Gets what is subtracted from a token's logit per occurrence in the answer, in [-2, 2].</summary>
    /// <value>0 unless set.</value>
    public double FrequencyPenalty { get; init; }

    /// <summary>Gets the seed of random numbers. A number depends on (seed, custom_id, position) alone.</summary>
    /// <value>0 unless set.</value>
    public long Seed { get; init; }

    /// <summary>Gets texts that end the answer; they are cut off. At most 16.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Gets ids that end the answer besides the model's end tokens.</summary>
    public IReadOnlyList<int> StopTokenIds { get; init; } = [];

    /// <summary>Gets whether end tokens are ordinary tokens (for benchmarks).</summary>
    public bool IgnoreEndTokens { get; init; }

    /// <summary>Gets the number of most likely tokens whose log-probabilities are reported per position; null for none at all.</summary>
    /// <value>Null unless set; 0 reports the chosen token only. At most 20.</value>
    public int? TopLogprobs { get; init; }

    /// <summary>Gets what is added to logits, by token id; values in [-100, 100].</summary>
    public IReadOnlyDictionary<int, double> LogitBias { get; init; } = new Dictionary<int, double>();

    /// <summary>Gets whether the whole prompt must run through every layer although only its end is needed.</summary>
    /// <value>False unless set.</value>
    public bool DisablePrefillTrimming { get; init; }
}

/// <summary>A token and its log-probability.</summary>
public readonly record struct TokenLogprob(int TokenId, float Logprob);

/// <summary>Log-probabilities at one position, of the model's own distribution (before temperature, penalties and bias).</summary>
/// <param name="Token">The chosen token.</param>
/// <param name="Top">The most likely tokens, best first.</param>
public sealed record TokenLogprobs(TokenLogprob Token, IReadOnlyList<TokenLogprob> Top);
