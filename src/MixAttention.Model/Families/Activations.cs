using MixAttention.Model.Spec;

namespace MixAttention.Model.Families;

/// <summary>Reads the name of an activation.</summary>
internal static class Activations
{
    private static readonly Dictionary<string, Activation> ByName = new(StringComparer.Ordinal)
    {
        ["silu"] = Activation.Silu,
        ["swish"] = Activation.Silu,
        ["gelu"] = Activation.Gelu,
        ["relu"] = Activation.Relu,
        ["gelu_new"] = Activation.GeluTanh,
        ["gelu_pytorch_tanh"] = Activation.GeluTanh,
    };

    /// <summary>Reads a key whose value is an activation's name; refuses unknown ones.</summary>
    internal static Activation Read(ConfigSection section, string key, string byDefault)
    {
        string name = section.Text(key, byDefault);
        if (!ByName.TryGetValue(name, out var activation))
            section.Refuse(key, string.Join(", ", ByName.Keys));
        return activation;
    }
}
