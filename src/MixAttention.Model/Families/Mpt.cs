using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>mpt</c>, llm-foundry's family, in which MixAttention models were trained: <c>block_overrides</c> give each layer its window and its KV owner.</summary>
/// <remarks>Every key that changes what the model computes is either read or refused by name.</remarks>
internal static class Mpt
{
    internal const string Family = "mpt";

    internal static DecoderSpec Read(FamilyInput input)
    {
        var config = input.Config;
        int width = config.Int("d_model", 2048), layers = config.Int("n_layers", 24, max: FamilyInput.MaxCount);
        bool bias = !config.Flag("no_bias", false), tied = input.ReadTied(byDefault: true);
        int vocabulary = config.Int("vocab_size", 50368), maxLength = config.Int("max_seq_len", 2048, max: int.MaxValue);
        var norms = MptNorms.Read(config, bias);
        var attention = MptAttention.Read(config, width, bias);
        var ffn = MptFfn.Read(config, width, bias);
        var blocks = layers == 0 ? null : BlockOverrides.Expand(config.Section("block_overrides"), layers, attention.DefaultBlock);
        var layout = blocks is null ? null : DecoderSpecReader.ReadLayout(config, () => LayoutReaders.FromBlocks(blocks));
        double logitScale = ReadLogitScale(config, width);
        double? logitCap = config.OptionalNumber("final_logit_softcapping");
        var endTokenIds = input.ReadEndTokenIds();
        bool fusedNames = config.Flag("fuse_norm_attn_norm", false);
        RefusePositions(config, attention.HasRope);
        config.RefuseUnread(MptKeys.Harmless);
        config.ThrowIfReported();

        return new DecoderSpec
        {
            Family = Family,
            VocabularySize = vocabulary,
            Width = width,
            MaxSequenceLength = maxLength,
            Layout = layout!, // null only after a report
            Embedding = new("transformer.wte.weight"),
            Layers = [.. Enumerable.Range(0, layers).Select(Layer)],
            FinalNorm = norms.At("transformer.norm_f"),
            Head = new(new(tied ? "transformer.wte.weight" : "lm_head.weight")),
            LogitScale = logitScale,
            LogitSoftcap = logitCap,
            EndTokenIds = endTokenIds,
            IgnoredWeights = tied ? ["lm_head.weight"] : [],
        };

        LayerSpec Layer(int layer)
        {
            string block = $"transformer.blocks.{layer}.";
            string inner = fusedNames ? block + "norm_attn_norm." : block;
            var spec = new LayerSpec
            {
                Attention = attention.At(inner + "attn.", layout!.OwnsKv(layer), blocks![layer].Nope),
                InputNorm = norms.At(inner + "norm_1"),
                PreFfnNorm = norms.At(inner + "norm_2"),
            };
            return ffn.AddTo(spec, block + "ffn.");
        }
    }

    private static double ReadLogitScale(ConfigSection config, int width)
    {
        if (!config.IsText("logit_scale"))
            return config.Number("logit_scale", 1);
        if (config.Text("logit_scale") != "inv_sqrt_d_model")
            config.Refuse("logit_scale", "a number, inv_sqrt_d_model");
        return 1 / Math.Sqrt(width);
    }

    /// <summary>Refuses learned positions, which a model has by default unless it rotates.</summary>
    private static void RefusePositions(ConfigSection config, bool hasRope)
    {
        if (config.Flag("learned_pos_emb", true) && !hasRope)
            config.Report("learned_pos_emb", "is true (the default) and attn_config.rope is false: learned positions are not supported. Use a model with rope.");
    }
}
