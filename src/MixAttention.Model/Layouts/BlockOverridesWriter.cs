using System.Text.Json.Nodes;

namespace MixAttention.Model.Layouts;

/// <summary>Writes a layout as llm-foundry's <c>block_overrides</c>.</summary>
internal static class BlockOverridesWriter
{
    /// <summary>Writes the layout over a base configuration with full attention; null when every layer is full and owns its KV.</summary>
    internal static JsonObject? Write(AttentionLayout layout)
    {
        var overrides = new JsonObject();
        var order = new JsonArray();
        for (int layer = 0; layer < layout.LayerCount; layer++)
        {
            var (window, owner) = layout[layer];
            var attention = new JsonObject();
            string name = window is null ? "full" : $"slide_{window - 1}";
            if (window is { } visible)
                attention["sliding_window_size"] = visible - 1; // the query itself is not counted there
            if (owner != layer)
            {
                attention["reuse_kv_layer_idx"] = owner - layer;
                name += $"_reuse_{layer - owner}";
            }

            if (attention.Count == 0)
                name = "default";
            else if (!overrides.ContainsKey(name))
                overrides[name] = new JsonObject { ["attn_config"] = attention };
            order.Add(new JsonObject { ["name"] = name });
        }

        return overrides.Count == 0 ? null : new JsonObject { ["order"] = order, ["overrides"] = overrides };
    }
}
