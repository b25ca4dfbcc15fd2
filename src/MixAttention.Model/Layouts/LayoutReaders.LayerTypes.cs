namespace MixAttention.Model.Layouts;

/// <summary>Reads the ways in which checkpoints write down their layout.</summary>
public static partial class LayoutReaders
{
    /// <summary>Names a full layer in <c>layer_types</c>.</summary>
    internal const string FullAttention = "full_attention";

    /// <summary>Names a sliding layer in <c>layer_types</c>.</summary>
    internal const string SlidingAttention = "sliding_attention";

    /// <summary>Reads Hugging Face's <c>layer_types</c>, <c>sliding_window</c> and <c>num_kv_shared_layers</c>.</summary>
    /// <param name="layerTypes">One of full_attention (or the older attention) and sliding_attention per layer.</param>
    /// <param name="slidingWindow">Keys that a sliding layer sees, itself included: the layout's window is the same number. Null when no layer slides.</param>
    /// <param name="sharedLayers">Layers at the end that borrow from the last owner of their type.</param>
    /// <exception cref="LayoutException">A type is unknown, a window is missing, or a sharing layer finds no owner; it lists all problems.</exception>
    public static AttentionLayout FromLayerTypes(IReadOnlyList<string> layerTypes, int? slidingWindow, int sharedLayers = 0)
    {
        ArgumentNullException.ThrowIfNull(layerTypes);
        int count = layerTypes.Count;
        int ownerCount = count - sharedLayers;
        var problems = new List<string>();
        if (sharedLayers < 0 || (sharedLayers > 0 && ownerCount < 1))
            throw new LayoutException([$"num_kv_shared_layers is {sharedLayers}, but must be from 0 to {count - 1}, one less than the layers. Correct it."]);
        var layers = new LayerAttention[count];
        for (int i = 0; i < count; i++)
        {
            var (window, known) = WindowOf(layerTypes[i], i, slidingWindow, problems);
            if (!known)
                continue;
            int owner = i < ownerCount ? i : Array.FindLastIndex(layers, ownerCount - 1, l => l.Window == window);
            if (owner < 0)
                problems.Add($"Layer {i} is {layerTypes[i]} and shares KV, but no layer below {ownerCount} has that type. Lower num_kv_shared_layers or change layer_types.");
            layers[i] = new(window, Math.Max(owner, 0));
        }

        return problems.Count == 0 ? new AttentionLayout(layers) : throw new LayoutException(problems);
    }

    private static (int? Window, bool Known) WindowOf(string type, int layer, int? slidingWindow, List<string> problems)
    {
        switch (type)
        {
            case FullAttention or "attention":
                return (null, true);
            case SlidingAttention when slidingWindow is { } window:
                return (window, true);
            case SlidingAttention:
                problems.Add($"Layer {layer} is {type}, but there is no sliding_window. Set sliding_window to the number of visible keys.");
                return (null, false);
            default:
                problems.Add($"Layer {layer} has the type {type}; supported are {FullAttention} and {SlidingAttention}. Use a model without it.");
                return (null, false);
        }
    }
}
