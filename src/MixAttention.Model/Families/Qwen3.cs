using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>qwen3</c>: each query and key head is normed, and the head size is given.</summary>
internal static class Qwen3
{
    internal const string Family = "qwen3";

    internal static DecoderSpec Read(FamilyInput input)
    {
        var shape = HfShape.Read(input.Config, HfShape.Required(maxLength: 32_768) with { HeadDim = 128 });
        bool attentionBias = input.Config.Flag("attention_bias", false);
        return new LlamaLike
        {
            Family = Family,
            Shape = shape,
            Layout = Qwen2.ReadLayout(input.Config, shape.Layers),
            QkvBias = attentionBias,
            OutputBias = attentionBias,
            HeadNorms = true,
        }.Build(input);
    }
}
