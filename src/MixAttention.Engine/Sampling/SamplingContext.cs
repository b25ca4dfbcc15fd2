namespace MixAttention.Engine.Sampling;

/// <summary>Holds what sampling needs to know of one sequence: its parameters, its random numbers and, for penalties, the tokens it has seen.</summary>
internal sealed class SamplingContext
{
    // Below this a division by the temperature only makes infinities; vLLM draws the same line.
    private const double GreedyTemperature = 1e-5;

    // Occurrences in the answer, by token; 0 for tokens that only the prompt has. Null without penalties.
    private readonly Dictionary<int, int>? _answerCounts;

    /// <summary>Creates the context of a sequence at its start.</summary>
    public SamplingContext(SamplingParams parameters, string customId, ReadOnlySpan<int> promptIds)
    {
        Params = parameters;
        Random = new CounterRandom(parameters.Seed, customId);
        if (parameters is { RepetitionPenalty: 1, PresencePenalty: 0, FrequencyPenalty: 0 })
            return;
        _answerCounts = [];
        foreach (int id in promptIds)
            _answerCounts.TryAdd(id, 0);
    }

    /// <summary>Gets the parameters.</summary>
    public SamplingParams Params { get; }

    /// <summary>Gets the random numbers.</summary>
    public CounterRandom Random { get; }

    /// <summary>Gets whether the most likely token is taken.</summary>
    public bool IsGreedy => Params.Temperature < GreedyTemperature;

    /// <summary>Gets whether logits are changed before a token is chosen.</summary>
    public bool AdjustsLogits => _answerCounts is not null || Params.LogitBias.Count > 0;

    /// <summary>Notes a token of the answer.</summary>
    public void Record(int tokenId)
    {
        if (_answerCounts is not null)
            _answerCounts[tokenId] = _answerCounts.GetValueOrDefault(tokenId) + 1;
    }

    /// <summary>Applies bias and then penalties to logits, in vLLM's order: bias, repetition, frequency, presence.</summary>
    public void AdjustLogits(Span<float> logits)
    {
        foreach (var (id, bias) in Params.LogitBias)
            logits[id] += (float)bias;
        if (_answerCounts is null)
            return;
        float repetition = (float)Params.RepetitionPenalty, frequency = (float)Params.FrequencyPenalty, presence = (float)Params.PresencePenalty;
        foreach (var (id, count) in _answerCounts)
        {
            float logit = logits[id];
            logit = logit > 0 ? logit / repetition : logit * repetition;
            if (count > 0)
                logit -= (frequency * count) + presence;
            logits[id] = logit;
        }
    }
}
