using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>mistral</c>: all layers slide, or none when <c>sliding_window</c> is null.</summary>
internal static class Mistral
{
    internal const string Family = "mistral";

    private const int DefaultWindow = 4096;

    internal static DecoderSpec Read(FamilyInput input)
    {
        var config = input.Config;
        var shape = HfShape.Read(config, HfShape.Required(maxLength: 131_072));
        // Null means full attention, an absent key the default window.
        int? window = config.OptionalInt("sliding_window", max: int.MaxValue) ?? (config.Names("sliding_window") ? null : DefaultWindow);
        string type = window is null ? LayoutReaders.FullAttention : LayoutReaders.SlidingAttention;
        return new LlamaLike
        {
            Family = Family,
            Shape = shape,
            // The family never reads layer_types.
            Layout = shape.Layers == 0 ? null : DecoderSpecReader.ReadLayout(config, () => LayoutReaders.FromLayerTypes([.. Enumerable.Repeat(type, shape.Layers)], window)),
        }.Build(input);
    }
}
