using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>lckv-llama</c>: Llama whose <c>layer_types</c> string names the layer whose KV each layer uses.</summary>
/// <remarks>Source: LCKV (Wu and Tu, ACL 2024). Keys for its models that attend upwards (forward_passes and others) have no meaning here.</remarks>
internal static class LckvLlama
{
    internal const string Family = "lckv-llama";

    internal static DecoderSpec Read(FamilyInput input)
    {
        var config = input.Config;
        var shape = HfShape.Read(config, HfShape.Required(maxLength: 2048));
        bool attentionBias = config.Flag("attention_bias", false);
        int window = config.Int("sliding_window", 4096, max: int.MaxValue);
        string types = config.Text("layer_types", string.Join('_', Enumerable.Range(0, shape.Layers)));
        return new LlamaLike
        {
            Family = Family,
            Shape = shape,
            Layout = shape.Layers == 0 ? null : DecoderSpecReader.ReadLayout(config, () => LayoutReaders.FromLckv(types, window, shape.Layers)),
            QkvBias = attentionBias,
            OutputBias = attentionBias,
            FfnBias = config.Flag("mlp_bias", false),
        }.Build(input);
    }
}
