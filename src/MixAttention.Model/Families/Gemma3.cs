using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>gemma3_text</c>: five sliding layers, then a full one; norms multiply by 1 + w; full and sliding layers rotate differently.</summary>
internal static class Gemma3
{
    internal const string Family = "gemma3_text";

    internal static DecoderSpec Read(FamilyInput input)
    {
        var config = input.Config;
        var shape = HfShape.Read(config, GemmaBlock.Defaults(layers: 26, vocabulary: 262_208));
        int pattern = config.Int("sliding_window_pattern", config.OptionalInt("_sliding_window_pattern") ?? 6);
        var layout = HfLayout.Read(config, shape.Layers, config.Int("sliding_window", 4096, max: int.MaxValue), slides: layer => (layer + 1) % pattern != 0);
        if (config.Flag("use_bidirectional_attention", false))
            config.Refuse("use_bidirectional_attention", "false");
        double scoreScale = 1 / Math.Sqrt(config.Positive("query_pre_attn_scalar", 256));
        double? scoreCap = config.OptionalNumber("attn_logit_softcapping"), logitCap = config.OptionalNumber("final_logit_softcapping");
        var (fullRope, slidingRope) = ReadRopes(config, shape.HeadDim);
        var activation = GemmaBlock.ReadActivation(config);
        bool attentionBias = config.Flag("attention_bias", false);

        var names = new HfNames(input);
        var block = new GemmaBlock(names, shape, activation, attentionBias, WeightOffset: 1);
        return HfDecoder.Build(input, Family, shape, layout, names, Layer, tiedByDefault: true, block.WeightOffset) with
        {
            EmbeddingScale = Math.Sqrt(shape.Width),
            LogitSoftcap = logitCap,
        };

        LayerSpec Layer(int layer) => block.Layer(layer, owns: true, shape.InnerWidth, (query, output) => new AttentionSpec
        {
            QueryHeads = shape.Heads,
            KvHeads = shape.KvHeads,
            HeadDim = shape.HeadDim,
            ScoreScale = scoreScale,
            ScoreSoftcap = scoreCap,
            Query = query,
            Output = output,
            Rope = layout![layer].IsFull ? fullRope : slidingRope,
        });
    }

    /// <summary>Reads both rotations; the old spelling's rope_scaling is for full layers only.</summary>
    private static (RopeSpec Full, RopeSpec Sliding) ReadRopes(ConfigSection config, int headDim)
    {
        double theta = config.Positive("rope_theta", 1e6), localTheta = config.Positive("rope_local_base_freq", 1e4);
        return (
            HfRope.ReadForType(config, LayoutReaders.FullAttention, headDim, () => config.Section("rope_scaling") is { } scaling ? HfRope.FromParameters(scaling, config, headDim, theta) : HfRope.Plain(headDim, theta), theta),
            HfRope.ReadForType(config, LayoutReaders.SlidingAttention, headDim, () => HfRope.Plain(headDim, localTheta), localTheta));
    }
}
