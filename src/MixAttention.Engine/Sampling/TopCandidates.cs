using System.Numerics;
using System.Numerics.Tensors;

namespace MixAttention.Engine.Sampling;

/// <summary>Finds the best of many scores in time linear in their number. Better is a higher score, or the lower id of equal ones.</summary>
internal static class TopCandidates
{
    /// <summary>Finds the best score. A NaN, where there is one, counts as the best.</summary>
    public static int Best(ReadOnlySpan<float> scores)
    {
        int best = TensorPrimitives.IndexOfMax(scores);
        // IndexOfMax puts +0 above −0; for a choice of tokens they are equal.
        return scores[best] == 0 ? scores.IndexOf(0f) : best;
    }

    /// <summary>Collects the ids whose score reaches a bound, in rising order.</summary>
    public static Span<int> Gather(ReadOnlySpan<float> scores, float bound, Span<int> ids)
    {
        int count = 0;
        var bounds = new Vector<float>(bound);
        for (int start = 0; start < scores.Length; start += Vector<float>.Count)
        {
            // Most blocks hold nothing when few are wanted.
            bool isWhole = scores.Length - start >= Vector<float>.Count;
            if (isWhole && !Vector.GreaterThanOrEqualAny(new Vector<float>(scores[start..]), bounds))
                continue;
            int end = isWhole ? start + Vector<float>.Count : scores.Length;
            for (int id = start; id < end; id++)
            {
                if (scores[id] >= bound)
                    ids[count++] = id;
            }
        }

        return ids[..count];
    }

    /// <summary>Computes a bound that the count best scores reach, and few others. At least one, at most all.</summary>
    /// <remarks>Of count disjoint blocks each has a score at least as good as the worst of the blocks' best.</remarks>
    public static float LowerBound(ReadOnlySpan<float> scores, int count)
    {
        float bound = float.PositiveInfinity;
        int block = scores.Length / count;
        for (int i = 0; i < count; i++)
            bound = Math.Min(bound, TensorPrimitives.Max(scores.Slice(i * block, block)));
        return bound;
    }

    /// <summary>Selects the count best ids.</summary>
    /// <param name="ids">The candidates, at least as many; reordered.</param>
    /// <returns>A part of the ids, in no particular order.</returns>
    public static Span<int> Select(ReadOnlySpan<float> scores, Span<int> ids, int count) => SelectUntil(scores, [], ids, count);

    /// <summary>Selects the best ids, as few as together reach a weight.</summary>
    /// <param name="weights">By id; without any each weighs 1.</param>
    /// <param name="ids">The candidates; reordered.</param>
    /// <returns>A part of the ids, in no particular order; all of them when they do not reach the weight.</returns>
    public static Span<int> SelectUntil(ReadOnlySpan<float> scores, ReadOnlySpan<float> weights, Span<int> ids, double target)
    {
        // Quickselect: ids before first are selected and weigh less than the target; ids from end on are not selected.
        double selected = 0;
        int first = 0, end = ids.Length;
        while (first < end && selected < target)
        {
            (ids[first + ((end - first) / 2)], ids[end - 1]) = (ids[end - 1], ids[first + ((end - first) / 2)]);
            int pivot = ids[end - 1], better = first;
            float pivotScore = scores[pivot];
            double weight = 0;
            for (int i = first; i < end - 1; i++)
            {
                int id = ids[i];
                float score = scores[id];
                if (score < pivotScore || (score == pivotScore && id > pivot))
                    continue;
                (ids[better], ids[i]) = (id, ids[better]);
                better++;
                weight += weights.IsEmpty ? 1 : weights[id];
            }

            if (selected + weight >= target)
            {
                end = better;
                continue;
            }

            (ids[better], ids[end - 1]) = (pivot, ids[better]);
            selected += weight + (weights.IsEmpty ? 1 : weights[pivot]);
            first = better + 1;
        }

        return ids[..first];
    }
}
