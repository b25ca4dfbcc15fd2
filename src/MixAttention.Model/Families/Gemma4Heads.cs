using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Knows the heads of Gemma 4: full layers have their own head size, number of KV heads and rotation and, with <c>attention_k_eq_v</c>, no value projection.</summary>
internal sealed class Gemma4Heads
{
    private readonly HfShape _shape;
    private readonly bool _valueIsKey;
    private readonly int _fullHeadDim;
    private readonly int _fullKvHeads;
    private readonly RopeSpec _fullRope;
    private readonly RopeSpec _slidingRope;

    /// <summary>Reads the heads.</summary>
    internal Gemma4Heads(ConfigSection config, HfShape shape)
    {
        _shape = shape;
        _valueIsKey = config.Flag("attention_k_eq_v", false);
        (_fullHeadDim, _fullKvHeads) = ReadFull(config, shape, _valueIsKey);
        if (_fullHeadDim % 2 != 0)
            config.Report("global_head_dim", $"is {_fullHeadDim}, but must be even, because halves of it rotate against each other. Correct it.");
        if (_fullKvHeads > 0 && shape.Heads % _fullKvHeads != 0)
            config.Report("num_global_key_value_heads", $"is {_fullKvHeads}, but must divide num_attention_heads, {shape.Heads}. Correct one of the two.");
        _fullRope = HfRope.ReadForType(config, LayoutReaders.FullAttention, _fullHeadDim, () => new(RopeFrequencies.Proportional(_fullHeadDim, 1e6, 0.25)), 1e6);
        _slidingRope = HfRope.ReadForType(config, LayoutReaders.SlidingAttention, shape.HeadDim, () => HfRope.Plain(shape.HeadDim, 1e4), 1e4);
    }

    /// <summary>Builds a layer's attention; key and value projections and the norms of queries and keys are filled in by the block.</summary>
    internal AttentionSpec Attention(bool isFull, bool owns, LinearSpec query, LinearSpec output) => new()
    {
        QueryHeads = _shape.Heads,
        KvHeads = isFull ? _fullKvHeads : _shape.KvHeads,
        HeadDim = isFull ? _fullHeadDim : _shape.HeadDim,
        ScoreScale = 1,
        Query = query,
        Output = output,
        ValueIsKey = owns && isFull && _valueIsKey,
        ValueNorm = owns ? new(NormKind.Rms, _shape.Epsilon, Weight: null) : null,
        Rope = isFull ? _fullRope : _slidingRope,
    };

    private static (int HeadDim, int KvHeads) ReadFull(ConfigSection config, HfShape shape, bool valueIsKey)
    {
        int headDim = config.Int("global_head_dim", 512, max: 1 << 16);
        int kvHeads = config.Int("num_global_key_value_heads", shape.KvHeads, max: FamilyInput.MaxCount);
        // Later versions write the same two numbers once for each full layer.
        var perLayer = config.Section("per_layer_config")?.Members()
            .Select(member => (member.Section.Int("head_dim", shape.HeadDim, max: 1 << 16), member.Section.Int("num_key_value_heads", shape.KvHeads, max: FamilyInput.MaxCount)))
            .Distinct().ToList() ?? [];
        if (perLayer.Count > 1)
            config.Refuse("per_layer_config", "the same head_dim and num_key_value_heads for all full layers");
        return perLayer.Count > 0 ? perLayer[0] : (headDim, valueIsKey ? kvHeads : shape.KvHeads);
    }
}
