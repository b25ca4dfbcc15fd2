using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>qwen2</c>: biases on q, k and v; the upper layers slide when <c>use_sliding_window</c> says so.</summary>
internal static class Qwen2
{
    internal const string Family = "qwen2";

    internal static DecoderSpec Read(FamilyInput input)
    {
        var shape = HfShape.Read(input.Config, HfShape.Required(maxLength: 32_768));
        return new LlamaLike { Family = Family, Shape = shape, Layout = ReadLayout(input.Config, shape.Layers), QkvBias = true }.Build(input);
    }

    /// <summary>Reads the layout of Qwen 2 and 3: without <c>use_sliding_window</c> the window does not count; with it, layers from <c>max_window_layers</c> on slide.</summary>
    internal static AttentionLayout? ReadLayout(ConfigSection config, int layers)
    {
        int? window = config.Flag("use_sliding_window", false) ? config.Int("sliding_window", 4096, max: int.MaxValue) : null;
        int first = config.Int("max_window_layers", 28, min: 0);
        return HfLayout.Read(config, layers, window, slides: layer => window is not null && layer >= first);
    }
}
