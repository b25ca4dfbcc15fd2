using MixAttention.Model.Spec;

namespace MixAttention.Model.Layouts;

/// <summary>Counts the floating-point operations of a prompt's prefill.</summary>
/// <remarks>
/// Counted: 2 · inputs · outputs for each row through a linear layer (router and the top-k experts of a mixture included), 4 · heads · head size for each visible
/// pair of query and key (scores and values), and the output head on the last row only. Not counted: embedding look-up, norms, activations, softmax.
/// With this the paper's model keeps the share of work that is published for trimmed prefill.
/// </remarks>
public static class PrefillFlops
{
    /// <summary>Counts a prefill that computes, in each layer, the positions from the given starts on.</summary>
    public static long Count(DecoderSpec spec, PrefillTrim trim)
    {
        ArgumentNullException.ThrowIfNull(trim);
        return Count(spec, trim, 0, trim.PromptLength);
    }

    /// <summary>Counts a part of a prefill, so that the parts of a prompt add up to the whole.</summary>
    /// <param name="spec">The decoder.</param>
    /// <param name="trim">From where each layer runs.</param>
    /// <param name="start">First position of the part.</param>
    /// <param name="end">Position after its last one.</param>
    public static long Count(DecoderSpec spec, PrefillTrim trim, int start, int end)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(trim);
        long flops = end == trim.PromptLength ? 2L * spec.Width * spec.VocabularySize : 0;
        for (int layer = 0; layer < spec.Layers.Count; layer++)
        {
            int firstQuery = Math.Clamp(trim.QueryStart(layer), start, end), firstKey = Math.Clamp(trim.KvStart(layer), start, end);
            var attention = spec.Layers[layer].Attention;
            flops += ((end - firstQuery) * PerQuery(spec, layer)) + ((end - firstKey) * PerKey(attention, spec.Width));
            flops += 4L * attention.QueryHeads * attention.HeadDim * VisiblePairs(spec.Layout[layer].Window, firstQuery, end);
        }

        return flops;
    }

    /// <summary>Computes the share of a prefill's operations that trimming leaves.</summary>
    /// <param name="spec">The decoder.</param>
    /// <param name="promptLength">Tokens of the prompt.</param>
    public static double ShareLeft(DecoderSpec spec, int promptLength)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return (double)Count(spec, PrefillTrim.Create(spec.Layout, promptLength)) / Count(spec, PrefillTrim.None(spec.Layout, promptLength));
    }

    /// <summary>Counts the pairs of a query in [start, end) and a key that it sees.</summary>
    internal static long VisiblePairs(int? window, int start, int end) => PairsBelow(window, end) - PairsBelow(window, start);

    private static long PairsBelow(int? window, long end)
    {
        long growing = Math.Min(end, window ?? end); // position i sees i + 1 keys until the window is full
        return (growing * (growing + 1) / 2) + ((end - growing) * growing);
    }

    private static long PerQuery(DecoderSpec spec, int layer)
    {
        var (attention, width) = (spec.Layers[layer].Attention, spec.Width);
        long weights = 2L * width * attention.QueryHeads * attention.HeadDim; // query and output projections
        if (spec.Layers[layer].Ffn is { } ffn)
            weights += Weights(ffn, width);
        if (spec.Layers[layer].Moe is { } moe)
            weights += ((long)width * moe.Experts.Count) + (moe.TopK * Weights(moe.Experts[0], width));
        if (spec.PerLayerEmbedding is { } perLayer)
            weights += 3L * width * perLayer.Width; // this layer's part of the shared projection, its gate and its own projection
        return 2 * weights;
    }

    private static long PerKey(AttentionSpec attention, int width)
    {
        int projections = (attention.Key is null ? 0 : 1) + (attention.Value is null ? 0 : 1);
        return 2L * width * attention.KvHeads * attention.HeadDim * projections;
    }

    private static long Weights(FfnSpec ffn, int width) => (long)width * ffn.InnerWidth * (ffn.Gate is null ? 2 : 3);
}
