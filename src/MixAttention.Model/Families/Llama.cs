using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>llama</c>: every layer is full and owns its KV.</summary>
internal static class Llama
{
    internal const string Family = "llama";

    internal static DecoderSpec Read(FamilyInput input)
    {
        var shape = HfShape.Read(input.Config, HfShape.Required(maxLength: 2048));
        bool attentionBias = input.Config.Flag("attention_bias", false);
        return new LlamaLike
        {
            Family = Family,
            Shape = shape,
            // Without a window a sliding layer_types, which this family does not have, is a problem.
            Layout = HfLayout.Read(input.Config, shape.Layers, window: null, slides: _ => false),
            QkvBias = attentionBias,
            OutputBias = attentionBias,
            FfnBias = input.Config.Flag("mlp_bias", false),
        }.Build(input);
    }
}
