using System.Text.Json;
using MixAttention.Model.Families;

namespace MixAttention.Model.Layouts;

public static partial class LayoutReaders
{
    /// <summary>Reads llm-foundry's <c>block_overrides</c>.</summary>
    /// <param name="blockOverrides">The object, or JSON null for none.</param>
    /// <param name="layerCount">n_layers.</param>
    /// <param name="slidingWindowSize">sliding_window_size of the base configuration: keys seen before the query's own, so that the layout's window is one more; -1 for full attention.</param>
    /// <exception cref="ConfigException">The object is malformed, has keys beyond those that may be overridden, or does not fit the layer count.</exception>
    /// <exception cref="LayoutException">A layer reuses KV that does not exist or has another window.</exception>
    public static AttentionLayout FromBlockOverrides(JsonElement blockOverrides, int layerCount, int slidingWindowSize = -1)
    {
        var section = blockOverrides.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined ? null : ConfigSection.Root(blockOverrides);
        var blocks = BlockOverrides.Expand(section, layerCount, new(slidingWindowSize, null, Nope: false));
        section?.ThrowIfReported();
        return FromBlocks(blocks!); // null only after a report
    }

    /// <summary>Resolves relative sources to the layer that owns the KV: a step may land on another reusing layer.</summary>
    internal static AttentionLayout FromBlocks(IReadOnlyList<BlockAttention> blocks)
    {
        var problems = new List<string>();
        var layers = new LayerAttention[blocks.Count];
        for (int i = 0; i < layers.Length; i++)
        {
            int owner = i;
            if (blocks[i].ReuseKvLayerIdx is { } step)
            {
                int source = i + step;
                if (source < 0)
                    problems.Add($"Layer {i} has reuse_kv_layer_idx {step}, which reaches before layer 0. Use a value from {-i} to -1.");
                else
                    owner = layers[source].KvOwner;
            }

            int size = blocks[i].SlidingWindowSize;
            layers[i] = new(size < 0 ? null : size + 1, owner);
        }

        return problems.Count == 0 ? new AttentionLayout(layers) : throw new LayoutException(problems);
    }
}
