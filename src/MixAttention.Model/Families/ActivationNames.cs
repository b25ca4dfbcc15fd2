using MixAttention.Compute;

namespace MixAttention.Model.Families;

/// <summary>Reads the names that configurations give activations.</summary>
internal static class ActivationNames
{
    private static readonly Dictionary<string, ActivationKind> ByName = new(StringComparer.Ordinal)
    {
        ["silu"] = ActivationKind.Silu,
        ["swish"] = ActivationKind.Silu,
        ["gelu"] = ActivationKind.Gelu,
        ["relu"] = ActivationKind.Relu,
        ["gelu_new"] = ActivationKind.GeluTanh,
        ["gelu_pytorch_tanh"] = ActivationKind.GeluTanh,
    };

    /// <summary>Reads a key whose value is an activation's name; refuses unknown ones.</summary>
    internal static ActivationKind Read(ConfigSection section, string key, string byDefault)
    {
        string name = section.Text(key, byDefault);
        if (!ByName.TryGetValue(name, out var activation))
            section.Refuse(key, string.Join(", ", ByName.Keys));
        return activation;
    }
}
