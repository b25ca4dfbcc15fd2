using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>gemma4_text</c>: the last layers share KV; full layers have larger heads and rotate a quarter of them; each layer may have its own token embedding.</summary>
internal static class Gemma4
{
    internal const string Family = "gemma4_text";

    private static readonly string[] KvParts = ["k_proj", "v_proj", "k_norm", "v_norm"];

    internal static DecoderSpec Read(FamilyInput input)
    {
        var config = input.Config;
        var shape = HfShape.Read(config, GemmaBlock.Defaults(layers: 30, vocabulary: 262_144));
        RefuseUnsupported(config);
        int shared = config.Int("num_kv_shared_layers", 0, min: 0);
        var layout = HfLayout.Read(config, shape.Layers, config.Int("sliding_window", 512, max: int.MaxValue), slides: layer => (layer + 1) % 6 != 0, shared, lastIsFull: true);
        var heads = new Gemma4Heads(config, shape);
        bool doubleWide = config.Flag("use_double_wide_mlp", false);
        double? logitCap = config.OptionalNumber("final_logit_softcapping");
        var perLayer = Gemma4PerLayerInput.Read(config, shape);
        var activation = GemmaBlock.ReadActivation(config);
        bool attentionBias = config.Flag("attention_bias", false);

        var names = new HfNames(input);
        var block = new GemmaBlock(names, shape, activation, attentionBias, WeightOffset: 0);
        var decoder = HfDecoder.Build(input, Family, shape, layout, names, Layer, tiedByDefault: true);
        return decoder with
        {
            EmbeddingScale = Math.Sqrt(shape.Width),
            PerLayerEmbedding = perLayer?.Embedding(names),
            LogitSoftcap = logitCap,
            IgnoredWeights = [.. decoder.IgnoredWeights, .. BorrowersKv(names, decoder.Layout)],
        };

        LayerSpec Layer(int layer)
        {
            bool owns = layout!.OwnsKv(layer);
            int innerWidth = doubleWide && layer >= shape.Layers - shared ? 2 * shape.InnerWidth : shape.InnerWidth;
            return block.Layer(layer, owns, innerWidth, (query, output) => heads.Attention(layout[layer].IsFull, owns, query, output)) with
            {
                PerLayerInput = perLayer is null ? null : Gemma4PerLayerInput.Layer(block, layer),
                OutputScalar = names.Weight($"layers.{layer}.layer_scalar"),
            };
        }
    }

    private static void RefuseUnsupported(ConfigSection config)
    {
        if (config.Flag("enable_moe_block", false))
            config.Refuse("enable_moe_block", "false");
        // "vision" makes image tokens see each other; text stays causal.
        if (config.OptionalText("use_bidirectional_attention") is not (null or "vision"))
            config.Refuse("use_bidirectional_attention", "null, vision");
    }

    /// <summary>Lists the key and value tensors that files may still have for layers that borrow.</summary>
    private static IEnumerable<string> BorrowersKv(HfNames names, AttentionLayout layout) =>
        from layer in Enumerable.Range(0, layout.LayerCount)
        where !layout.OwnsKv(layer)
        from part in KvParts
        select $"{names.Prefix}layers.{layer}.self_attn.{part}.*";
}
