using System.Numerics.Tensors;

namespace MixAttention.Engine.Sampling;

/// <summary>Finds the few best of many scores in passes over the scores, without sorting them. Scores hold no NaN.</summary>
internal static class TopCandidates
{
    /// <summary>Finds the best score; ties go to the lowest id.</summary>
    public static int Best(ReadOnlySpan<float> scores)
    {
        int best = TensorPrimitives.IndexOfMax(scores);
        // IndexOfMax puts +0 above −0; for a choice of tokens they are equal.
        return scores[best] == 0 ? scores.IndexOf(0f) : best;
    }

    /// <summary>Selects the best ids.</summary>
    /// <param name="scores">By token id.</param>
    /// <param name="count">How many; no more than there are scores.</param>
    /// <param name="scratch">At least as many as there are scores.</param>
    /// <returns>A part of the scratch, worst first: its last id is the best one.</returns>
    public static Span<int> Select(ReadOnlySpan<float> scores, int count, Span<int> scratch)
    {
        var candidates = Gather(scores, LowerBound(scores, count), scratch);
        return Select(scores, candidates, count);
    }

    /// <summary>Selects the best of some ids; see <see cref="Select(ReadOnlySpan{float}, int, Span{int})"/>.</summary>
    public static Span<int> Select(ReadOnlySpan<float> scores, Span<int> candidates, int count)
    {
        if (count == 0)
            return [];
        var heap = new CandidateHeap(scores, candidates);
        for (int i = 0; i < count; i++)
            heap.Pop();
        return candidates[heap.Count..];
    }

    /// <summary>Collects the ids whose score reaches a bound, in rising order.</summary>
    public static Span<int> Gather(ReadOnlySpan<float> scores, float bound, Span<int> ids)
    {
        int count = 0;
        for (int id = 0; id < scores.Length; id++)
        {
            ids[count] = id;
            count += scores[id] >= bound ? 1 : 0;
        }

        return ids[..count];
    }

    /// <summary>Computes a bound that the count best scores reach, and few others.</summary>
    /// <remarks>Of count disjoint blocks each has a score at least as good as the worst of the blocks' best.</remarks>
    public static float LowerBound(ReadOnlySpan<float> scores, int count)
    {
        float bound = count == 0 ? float.PositiveInfinity : float.MaxValue;
        int block = count == 0 ? 0 : scores.Length / count;
        for (int i = 0; i < count; i++)
            bound = Math.Min(bound, TensorPrimitives.Max(scores.Slice(i * block, block)));
        return bound;
    }
}
