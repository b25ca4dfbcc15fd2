using MixAttention.Model.Layouts;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>layer_types</c>, or makes it by a family's rule when it is absent.</summary>
internal static class HfLayout
{
    /// <summary>Reads the layout; reports what is wrong with it.</summary>
    /// <param name="config">The decoder's configuration.</param>
    /// <param name="layers">num_hidden_layers; 0 when that was wrong.</param>
    /// <param name="window">Keys that a sliding layer sees; null when none slides.</param>
    /// <param name="slides">Tells of a layer whether it slides when layer_types is absent.</param>
    /// <param name="sharedLayers">Layers at the end that share KV.</param>
    /// <param name="lastIsFull">Whether the last layer is full whatever layer_types says.</param>
    internal static AttentionLayout? Read(ConfigSection config, int layers, int? window, Func<int, bool> slides, int sharedLayers = 0, bool lastIsFull = false)
    {
        var types = config.Texts("layer_types")?.ToArray() ?? [.. Enumerable.Range(0, layers).Select(i => slides(i) ? LayoutReaders.SlidingAttention : LayoutReaders.FullAttention)];
        if (layers == 0)
            return null;
        if (types.Length != layers)
        {
            config.Report("layer_types", $"has {types.Length} entries, but num_hidden_layers is {layers}. Correct one of the two.");
            return null;
        }

        if (lastIsFull)
            types[^1] = LayoutReaders.FullAttention;
        return DecoderSpecReader.ReadLayout(config, () => LayoutReaders.FromLayerTypes(types, window, sharedLayers));
    }
}
