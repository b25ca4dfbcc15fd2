using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>attn_config</c> of an mpt model and builds the attention of its layers.</summary>
internal sealed record MptAttention
{
    // The norms of queries and keys are LayerNorms with this epsilon whatever norm_type and norm_eps say.
    private const double QkNormEpsilon = 1e-5;

    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "attn_impl", "attn_pdrop", "attn_uses_sequence_id", "alibi_bias_max", "fc_type",
    };

    private static readonly HashSet<string> AttentionTypes = new(StringComparer.Ordinal) { "multihead_attention", "multiquery_attention", "grouped_query_attention" };

    private int Width { get; init; }

    private int Heads { get; init; }

    private int KvHeads { get; init; }

    private int HeadDim { get; init; }

    private double ScoreScale { get; init; }

    private double? ScoreSoftcap { get; init; }

    private double? Clip { get; init; }

    private bool FusedQkv { get; init; }

    private bool QkvBias { get; init; }

    private bool OtherBias { get; init; }

    private QkNormScope? QkNorms { get; init; }

    private RopeSpec? Rope { get; init; }

    /// <summary>Gets what a block has without overrides.</summary>
    internal BlockAttention DefaultBlock { get; init; }

    /// <summary>Gets whether the model has a rotary embedding.</summary>
    internal bool HasRope => Rope is not null;

    /// <summary>Reads the attention's keys.</summary>
    /// <param name="bias">Whether linear layers have biases (no_bias is false).</param>
    internal static MptAttention Read(ConfigSection config, int width, bool bias)
    {
        var section = config.SectionOrEmpty("attn_config");
        int heads = config.Int("n_heads", 16, max: FamilyInput.MaxCount);
        if (heads > 0 && width % heads != 0)
            config.Report("d_model", $"is {width}, but must be a multiple of n_heads, {heads}. Correct one of the two.");
        int headDim = heads > 0 ? width / heads : 0;
        if (config.OptionalInt("head_dim") is { } given && given != headDim)
            config.Refuse("head_dim", $"null or d_model / n_heads, {headDim}");
        RefuseUnsupported(section);
        bool wholeNorms = section.Flag("qk_ln", false), headNorms = section.Flag("qk_gn", false);
        if (wholeNorms && headNorms)
            section.Report("qk_gn", "is true, and so is qk_ln; only one of the two is allowed. Correct it.");
        var attention = new MptAttention
        {
            Width = width,
            Heads = heads,
            KvHeads = ReadKvHeads(section, heads),
            HeadDim = headDim,
            ScoreScale = section.OptionalNumber("softmax_scale") ?? 1 / Math.Sqrt(headDim),
            ScoreSoftcap = section.OptionalNumber("attn_logit_softcapping"),
            Clip = section.OptionalNumber("clip_qkv"),
            FusedQkv = section.Flag("fused_qkv", true),
            QkvBias = config.Flag("attention_bias", bias),
            OtherBias = bias,
            QkNorms = wholeNorms ? QkNormScope.Whole : headNorms ? QkNormScope.Head : null,
            Rope = MptRope.Read(section, headDim),
            DefaultBlock = new(section.Int("sliding_window_size", -1, min: -1), null, section.Flag("nope", false)),
        };
        section.RefuseUnread(Harmless);
        return attention;
    }

    /// <summary>Builds the attention of a layer.</summary>
    /// <param name="prefix">What stands before the names of its tensors.</param>
    /// <param name="owns">Whether it owns its KV; a borrower has only Wq, even where the projections are fused.</param>
    /// <param name="nope">Whether it has no rotary embedding.</param>
    internal AttentionSpec At(string prefix, bool owns, bool nope)
    {
        int queries = Heads * HeadDim, keys = KvHeads * HeadDim;
        bool fused = FusedQkv && owns;
        return new AttentionSpec
        {
            QueryHeads = Heads,
            KvHeads = KvHeads,
            HeadDim = HeadDim,
            ScoreScale = ScoreScale,
            ScoreSoftcap = ScoreSoftcap,
            QkvClip = Clip,
            Query = fused ? Part(0, queries) : Alone("Wq", QkvBias),
            Key = !owns ? null : fused ? Part(queries, keys) : Alone("Wk", QkvBias),
            Value = !owns ? null : fused ? Part(queries + keys, keys) : Alone("Wv", QkvBias),
            Output = Alone("out_proj", OtherBias),
            QueryNorm = QkNorms is null ? null : Norm("q_ln"),
            KeyNorm = QkNorms is null || !owns ? null : Norm("k_ln"),
            QkNormScope = QkNorms ?? QkNormScope.Head,
            Rope = nope ? null : Rope,
        };

        LinearSpec Part(int start, int rows) => new(new(prefix + "Wqkv.weight", start, rows), QkvBias ? new(prefix + "Wqkv.bias", start, rows) : null);
        LinearSpec Alone(string name, bool bias) => new(new($"{prefix}{name}.weight"), bias ? new($"{prefix}{name}.bias") : null);
        NormSpec Norm(string name) => new(NormKind.Layer, QkNormEpsilon, new($"{prefix}{name}.weight"), OtherBias ? new($"{prefix}{name}.bias") : null);
    }

    private static int ReadKvHeads(ConfigSection section, int heads)
    {
        string type = section.Text("attn_type", "multihead_attention");
        if (!AttentionTypes.Contains(type))
            section.Refuse("attn_type", string.Join(", ", AttentionTypes));
        int? given = section.OptionalInt("kv_n_heads", max: FamilyInput.MaxCount);
        int? implied = type switch { "multihead_attention" => heads, "multiquery_attention" => 1, _ => null };
        if (given is { } number && implied is { } only && number != only)
            section.Report("kv_n_heads", $"is {number}, but {type} has {only}. Remove it or use grouped_query_attention.");
        int kvHeads = implied ?? given ?? section.Int("kv_n_heads");
        if (kvHeads > 0 && heads % kvHeads != 0)
            section.Report("kv_n_heads", $"is {kvHeads}, but must divide n_heads, {heads}. Correct one of the two.");
        return kvHeads;
    }

    private static void RefuseUnsupported(ConfigSection section)
    {
        if (section.Flag("alibi", false))
            section.Refuse("alibi", "false, with rope");
        foreach (string key in new[] { "kv_dim", "reuse_kv_layer_idx", "reuse_kv_x_layer_idx" })
        {
            if (section.Has(key))
                section.Refuse(key, "none here; layers reuse KV through block_overrides with reuse_kv_layer_idx");
        }

        if (section.Section("attn_temperature_tuning") is { } tuning && tuning.Number("attn_scale", 0) != 0)
            tuning.Refuse("attn_scale", "0");
    }
}
