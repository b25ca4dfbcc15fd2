using System.Globalization;
using System.Text.RegularExpressions;

namespace MixAttention.Model.Layouts;

public static partial class LayoutReaders
{
    /// <summary>Reads LCKV's <c>layer_types</c> string, such as <c>0_1s_1s_3s_3s_3s_0</c>: for each layer the layer whose KV it uses, with s for sliding.</summary>
    /// <param name="layerTypes">The string.</param>
    /// <param name="slidingWindow">Keys that a sliding layer sees, itself included: the layout's window is the same number.</param>
    /// <param name="layerCount">Layers that the string must have; null for any number.</param>
    /// <exception cref="LayoutException">The string is malformed, or a layer uses KV that our engine cannot give it (unsupported_layout): of a later layer, or of another layer while it owns KV itself.</exception>
    public static AttentionLayout FromLckv(string layerTypes, int slidingWindow, int? layerCount = null)
    {
        ArgumentNullException.ThrowIfNull(layerTypes);
        string[] parts = layerTypes.Split('_');
        var problems = new List<string>();
        if (layerCount is { } expected && parts.Length != expected)
            problems.Add($"layer_types names {parts.Length} layers, but the model has {expected}. Give one part per layer.");
        var layers = new LayerAttention[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            var match = LckvPart().Match(parts[i]);
            if (match.Success)
                layers[i] = new(match.Groups[2].Length > 0 ? slidingWindow : null, int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
            else
                problems.Add($"Part {i} of layer_types is \"{parts[i]}\", but must be a layer's index, with s behind it for a sliding layer. Correct it.");
        }

        if (problems.Count == 0)
            CheckSources(layers, problems);
        return problems.Count == 0 ? new AttentionLayout(layers) : throw new LayoutException(problems);
    }

    private static void CheckSources(LayerAttention[] layers, List<string> problems)
    {
        var used = layers.Select(l => l.KvOwner).ToHashSet();
        for (int i = 0; i < layers.Length; i++)
        {
            int owner = layers[i].KvOwner;
            if (owner > i)
                problems.Add($"unsupported_layout: layer {i} uses the KV of layer {owner}, which comes after it and needs the prompt to be encoded several times. Use a model whose layers read earlier ones.");
            else if (owner != i && used.Contains(i))
                problems.Add($"unsupported_layout: layer {i} computes KV for other layers but reads that of layer {owner}. Use a model whose owners read their own KV.");
        }
    }

    [GeneratedRegex(@"^([0-9]{1,6})(s?)\z", RegexOptions.CultureInvariant)]
    private static partial Regex LckvPart();
}
