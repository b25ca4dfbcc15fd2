using MixAttention.Compute;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads <c>ffn_config</c> of an mpt model: a dense network or dropless experts.</summary>
internal sealed record MptFfn
{
    private static readonly HashSet<string> Types = new(StringComparer.Ordinal) { "mptmlp", "mptglu", "torch_dmoe", "mb_dmoe" };

    // Keys of training and of how experts are spread over devices.
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "fc_type", "moe_jitter_eps", "moe_loss_weight", "moe_zloss_weight", "moe_zloss_in_fp32", "moe_lbl_in_fp32", "moe_world_size", "moe_weight_parallelism",
        "moe_expert_model_parallelism", "moe_capacity_factor", "mlp_impl", "memory_optimized_mlp", "fp16", "bf16", "device", "return_bias", "expert_parallel_group", "device_mesh",
    };

    private ActivationKind Activation { get; init; }

    private int InnerWidth { get; init; }

    private bool HasGate { get; init; }

    private bool Bias { get; init; }

    private int Experts { get; init; }

    private int TopK { get; init; }

    private double? NormalizePower { get; init; }

    /// <summary>Reads the network's keys.</summary>
    /// <param name="bias">Whether linear layers have biases (no_bias is false).</param>
    internal static MptFfn Read(ConfigSection config, int width, bool bias)
    {
        var section = config.SectionOrEmpty("ffn_config");
        string type = section.Text("ffn_type", "mptmlp");
        if (!Types.Contains(type))
            section.Refuse("ffn_type", string.Join(", ", Types));
        double ratio = config.Positive("expansion_ratio", 4);
        var ffn = new MptFfn
        {
            Activation = ReadActivation(section.SectionOrEmpty("ffn_act_fn")),
            InnerWidth = section.OptionalInt("ffn_hidden_size") ?? (int)Math.Min(width * ratio, ConfigSection.MaxSize),
            HasGate = type == "mptglu",
            Bias = bias,
        };
        if (type.EndsWith("dmoe", StringComparison.Ordinal))
            ffn = ffn.WithExperts(section, config);
        section.RefuseUnread(Harmless);
        return ffn;
    }

    /// <summary>Adds the network to a layer.</summary>
    /// <param name="prefix">What stands before the names of its tensors.</param>
    internal LayerSpec AddTo(LayerSpec layer, string prefix)
    {
        return Experts > 0
            ? layer with { Moe = new MoeSpec(new(new(prefix + "router.layer.weight")), [.. Enumerable.Range(0, Experts).Select(Expert)], TopK, NormalizePower) }
            : layer with { Ffn = new FfnSpec(Activation, HasGate ? Linear("gate_proj") : null, Linear("up_proj"), Linear("down_proj"), InnerWidth) };

        LinearSpec Linear(string name) => new(new($"{prefix}{name}.weight"), Bias ? new($"{prefix}{name}.bias") : null);

        // All experts lie in one tensor, one behind the other; the down projection is not transposed.
        FfnSpec Expert(int index) => HasGate
            ? new FfnSpec(Activation, Slice("w1", index), Slice("v1", index), Slice("w2", index, transposed: true), InnerWidth)
            : new FfnSpec(Activation, null, Slice("w1", index), Slice("w2", index, transposed: true), InnerWidth);

        LinearSpec Slice(string name, int index, bool transposed = false) => new(new($"{prefix}experts.mlp.{name}", index * InnerWidth, InnerWidth, transposed));
    }

    private MptFfn WithExperts(ConfigSection section, ConfigSection config)
    {
        if (Bias)
            config.Report("no_bias", "is false (the default), but experts with biases are not supported. Use a model with no_bias true.");
        if (section.Flag("uniform_expert_assignment", false))
            section.Refuse("uniform_expert_assignment", "false");
        int experts = section.Int("moe_num_experts", max: FamilyInput.MaxCount), topK = section.Int("moe_top_k", max: FamilyInput.MaxCount);
        if (topK > experts)
            section.Report("moe_top_k", $"is {topK}, but must be at most moe_num_experts, {experts}. Correct one of the two.");
        if ((long)experts * InnerWidth > int.MaxValue)
            section.Report("moe_num_experts", $"is {experts}, which with ffn_hidden_size {InnerWidth} gives more than {int.MaxValue} rows. Correct one of the two.");
        string type = section.Text("mlp_type");
        if (type is not ("glu" or "mlp" or ""))
            section.Refuse("mlp_type", "glu, mlp");
        double? power = section.Has("moe_normalize_expert_weights") ? section.Positive("moe_normalize_expert_weights") : null;
        return this with { Experts = experts, TopK = topK, HasGate = type == "glu", NormalizePower = power };
    }

    private static ActivationKind ReadActivation(ConfigSection section)
    {
        bool tanh = false;
        if (section.Has("approximate"))
        {
            string approximate = section.Text("approximate");
            tanh = approximate == "tanh";
            if (approximate is not ("none" or "tanh"))
                section.Refuse("approximate", "none, tanh");
        }

        section.RefuseUnread(new HashSet<string>(StringComparer.Ordinal) { "name", "inplace" });
        switch (section.Text("name", "gelu"))
        {
            case "gelu":
                return tanh ? ActivationKind.GeluTanh : ActivationKind.Gelu;
            case "silu":
                return ActivationKind.Silu;
            case "relu":
                return ActivationKind.Relu;
            default:
                section.Refuse("name", "gelu, silu, relu");
                return default;
        }
    }
}
