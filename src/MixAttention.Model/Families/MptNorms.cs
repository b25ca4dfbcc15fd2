using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Knows the norms of an mpt model.</summary>
internal sealed class MptNorms
{
    private const string Supported = "layernorm, low_precision_layernorm, rmsnorm, low_precision_rmsnorm, triton_rmsnorm";

    private readonly NormKind _kind;
    private readonly double _epsilon;
    private readonly bool _bias;

    private MptNorms(NormKind kind, double epsilon, bool bias)
    {
        _kind = kind;
        _epsilon = epsilon;
        _bias = bias && kind == NormKind.Layer;
    }

    /// <summary>Reads norm_type and norm_eps; only LayerNorms have biases.</summary>
    internal static MptNorms Read(ConfigSection config, bool bias)
    {
        string type = config.Text("norm_type", "low_precision_layernorm").ToLowerInvariant();
        if (!Supported.Split(", ").Contains(type))
            config.Refuse("norm_type", Supported);
        return new(type.EndsWith("rmsnorm", StringComparison.Ordinal) ? NormKind.Rms : NormKind.Layer, config.Positive("norm_eps", 1e-5), bias);
    }

    /// <summary>Gets the norm of a name.</summary>
    internal NormSpec At(string name) => new(_kind, _epsilon, new(name + ".weight"), _bias ? new(name + ".bias") : null);
}
