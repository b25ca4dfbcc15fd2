using MixAttention.Model.Families;

namespace MixAttention.Model.Layouts;

/// <summary>Holds what llm-foundry's configuration says about the attention of one block, overrides applied.</summary>
/// <param name="SlidingWindowSize">Keys seen before the query's own; -1 for full attention.</param>
/// <param name="ReuseKvLayerIdx">Negative distance to the layer whose KV is used; null for its own.</param>
/// <param name="Nope">Whether the block has no rotary embedding.</param>
internal readonly record struct BlockAttention(int SlidingWindowSize, int? ReuseKvLayerIdx, bool Nope);

/// <summary>Expands llm-foundry's <c>block_overrides</c> to one entry per layer.</summary>
internal sealed class BlockOverrides
{
    private const string Default = "default";
    private const int MaxRepeat = 10_000;

    private readonly Dictionary<string, BlockAttention> _blocks;
    private readonly int _layerCount;
    private readonly List<BlockAttention> _expanded = [];

    private BlockOverrides(Dictionary<string, BlockAttention> blocks, int layerCount)
    {
        _blocks = blocks;
        _layerCount = layerCount;
    }

    /// <summary>Expands the overrides; reports what is wrong with them.</summary>
    /// <param name="section">The object block_overrides; null for none.</param>
    /// <param name="layerCount">Layers of the model.</param>
    /// <param name="defaults">A block without overrides.</param>
    /// <returns>One entry per layer; null after a problem.</returns>
    internal static IReadOnlyList<BlockAttention>? Expand(ConfigSection? section, int layerCount, BlockAttention defaults)
    {
        if (section is null)
            return [.. Enumerable.Repeat(defaults, layerCount)];
        var overrides = new BlockOverrides(ReadBlocks(section.SectionOrEmpty("overrides"), defaults), layerCount);
        int repeat = section.Int("repeat", 1, max: MaxRepeat);
        if (section.Sections("order") is not { Count: > 0 } order)
        {
            section.Report("order", "is missing or empty. List the blocks of the model in order.");
            return null;
        }

        for (int i = 0; i < repeat && overrides.Append(order); i++)
        {
        }

        section.RefuseUnread(new HashSet<string>());
        if (overrides._expanded.Count == layerCount)
            return overrides._expanded;
        string found = overrides._expanded.Count > layerCount ? $"more than {layerCount}" : $"{overrides._expanded.Count}";
        section.Report("order", $"expands to {found} layers, but n_layers is {layerCount}. Correct one of the two.");
        return null;
    }

    /// <summary>Appends the blocks of a list; false as soon as there are more than the model has layers.</summary>
    private bool Append(IReadOnlyList<ConfigSection> items)
    {
        foreach (var item in items)
        {
            int repeat = item.Int("repeat", 1, max: MaxRepeat);
            string? name = item.OptionalText("name");
            var nested = item.Sections("order");
            if ((name is null) == (nested is not { Count: > 0 }))
            {
                item.Report("name", "must stand alone or be replaced by a list order: an item has exactly one of the two. Correct it.");
                return false;
            }

            BlockAttention block = default;
            if (name is not null && !_blocks.TryGetValue(name, out block))
            {
                item.Refuse("name", string.Join(", ", _blocks.Keys), "Define it under overrides or correct the name.");
                return false;
            }

            for (int i = 0; i < repeat; i++)
            {
                if (nested is not null && !Append(nested))
                    return false;
                if (nested is null)
                    _expanded.Add(block);
                if (_expanded.Count > _layerCount)
                    return false;
            }

            item.RefuseUnread(new HashSet<string>());
        }

        return true;
    }

    private static Dictionary<string, BlockAttention> ReadBlocks(ConfigSection overrides, BlockAttention defaults)
    {
        var blocks = new Dictionary<string, BlockAttention>(StringComparer.Ordinal) { [Default] = defaults };
        foreach (var (name, section) in overrides.Members())
        {
            if (name == Default)
                overrides.Report(Default, "must not be defined: it stands for a block without overrides. Give the override another name.");
            else
                blocks[name] = ReadBlock(section, defaults);
        }

        return blocks;
    }

    private static BlockAttention ReadBlock(ConfigSection section, BlockAttention defaults)
    {
        var attention = section.SectionOrEmpty("attn_config");
        var block = new BlockAttention(
            attention.Int("sliding_window_size", defaults.SlidingWindowSize, min: -1),
            attention.OptionalInt("reuse_kv_layer_idx", min: -ConfigSection.MaxSize, max: -1),
            attention.Flag("nope", defaults.Nope));
        if (attention.Section("attn_temperature_tuning") is { } tuning && tuning.Number("attn_scale", 0) != 0)
            tuning.Refuse("attn_scale", "0");
        attention.RefuseUnread(new HashSet<string>());
        section.RefuseUnread(new HashSet<string>());
        return block;
    }
}
