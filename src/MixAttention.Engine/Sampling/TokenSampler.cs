using System.Numerics.Tensors;

namespace MixAttention.Engine.Sampling;

/// <summary>Chooses tokens from logits. One per engine; keeps scratch of the vocabulary's size and allocates nothing per token.</summary>
/// <remarks>
/// Order, as in vLLM: log-probabilities are read from the model's logits; then bias, penalties, temperature, min-p, top-k, top-p (over what top-k left), and a draw by
/// one random number over the tokens kept, in order of their ids. Ties go to the lowest id. Sums run in float64, token by token, so that no vector width decides a choice:
/// it depends on logits, parameters and position alone.
/// </remarks>
internal sealed class TokenSampler(int vocabularySize)
{
    private readonly float[] _scores = new float[vocabularySize];
    private readonly float[] _weights = new float[vocabularySize];
    private readonly int[] _ids = new int[vocabularySize];

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">[V], as the model gave them.</param>
    /// <param name="position">The new token's position in the sequence.</param>
    /// <returns>False when the logits are no distribution (a NaN, an infinity at the top).</returns>
    public bool TrySample(ReadOnlySpan<float> logits, SamplingContext context, int position, out int tokenId)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, vocabularySize);
        if (context.AdjustsLogits)
        {
            logits.CopyTo(_scores);
            context.AdjustLogits(_scores);
            logits = _scores;
        }

        tokenId = TopCandidates.Best(logits);
        if (!float.IsFinite(logits[tokenId]))
            return false;
        if (!context.IsGreedy)
            tokenId = Draw(logits, logits[tokenId], context, position);
        return true;
    }

    /// <summary>Reads log-probabilities from the model's own distribution.</summary>
    /// <param name="logits">[V], as the model gave them; finite at the top.</param>
    /// <param name="tokenId">The chosen token.</param>
    /// <param name="topCount">Number of most likely tokens to report.</param>
    public TokenLogprobs ReadLogprobs(ReadOnlySpan<float> logits, int tokenId, int topCount)
    {
        float max = TensorPrimitives.Max(logits);
        TensorPrimitives.Subtract(logits, max, _weights);
        TensorPrimitives.Exp(_weights, _weights);
        double sum = 0;
        foreach (float weight in _weights)
            sum += weight;
        double logSum = max + Math.Log(sum);

        var top = new TokenLogprob[Math.Min(topCount, vocabularySize)];
        if (top.Length > 0)
        {
            var best = TopCandidates.Select(logits, TopCandidates.Gather(logits, TopCandidates.LowerBound(logits, top.Length), _ids), top.Length);
            for (int i = 0; i < top.Length; i++)
                top[i] = new TokenLogprob(best[i], logits[best[i]]);
            Array.Sort(top, static (a, b) => a.Logprob != b.Logprob ? b.Logprob.CompareTo(a.Logprob) : a.TokenId.CompareTo(b.TokenId));
            foreach (ref var token in top.AsSpan())
                token = token with { Logprob = (float)(token.Logprob - logSum) };
        }

        return new TokenLogprobs(new TokenLogprob(tokenId, (float)(logits[tokenId] - logSum)), top);
    }

    private int Draw(ReadOnlySpan<float> logits, float max, SamplingContext context, int position)
    {
        var parameters = context.Params;
        TensorPrimitives.Subtract(logits, max, _scores);
        TensorPrimitives.Multiply(_scores, (float)(1 / parameters.Temperature), _scores);
        TensorPrimitives.Exp(_scores, _weights); // the most likely token weighs 1

        int topK = parameters.TopK == 0 ? vocabularySize : Math.Min(parameters.TopK, vocabularySize);
        float bound = topK < vocabularySize ? TopCandidates.LowerBound(_scores, topK) : float.NegativeInfinity;
        if (parameters.MinP > 0)
            bound = Math.Max(bound, (float)Math.Log(parameters.MinP));
        var kept = TopCandidates.Gather(_scores, bound, _ids);
        if (kept.Length > topK)
        {
            kept = TopCandidates.Select(_scores, kept, topK);
            kept.Sort();
        }

        if (parameters.TopP < 1)
        {
            kept = TopCandidates.SelectUntil(_scores, _weights, kept, parameters.TopP * Sum(kept));
            kept.Sort();
        }

        double target = context.Random.NextDouble(position) * Sum(kept), reached = 0;
        foreach (int id in kept)
        {
            reached += _weights[id];
            if (reached > target)
                return id;
        }

        return kept[^1];
    }

    private double Sum(ReadOnlySpan<int> ids)
    {
        double sum = 0;
        foreach (int id in ids)
            sum += _weights[id];
        return sum;
    }
}
