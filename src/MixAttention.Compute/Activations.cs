using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>Names the activation functions of feed-forward networks.</summary>
public enum ActivationKind
{
    /// <summary>x · sigmoid(x).</summary>
    Silu,

    /// <summary>The exact GELU (erf).</summary>
    Gelu,

    /// <summary>The tanh approximation of GELU.</summary>
    GeluTanh,

    /// <summary>max(x, 0).</summary>
    Relu,
}

/// <summary>Applies activation functions.</summary>
public static class Activations
{
    /// <summary>Applies the function element by element.</summary>
    /// <returns>Same shape and format; the caller disposes it.</returns>
    public static Tensor Apply(Tensor x, ActivationKind kind) => kind switch
    {
        ActivationKind.Silu => nn.functional.silu(x),
        ActivationKind.Gelu => nn.functional.gelu(x),
        ActivationKind.GeluTanh => nn.functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh),
        ActivationKind.Relu => x.relu(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>Computes act(gate) · up of a fused product.</summary>
    /// <param name="gateUp">[M, 2 F]: gate, then up.</param>
    /// <returns>[M, F]; the caller disposes it.</returns>
    public static Tensor Gated(Tensor gateUp, ActivationKind kind)
    {
        long inner = gateUp.shape[1] / 2;
        using var gate = gateUp.narrow(1, 0, inner);
        using var up = gateUp.narrow(1, inner, inner);
        var activated = Apply(gate, kind);
        activated.mul_(up);
        return activated;
    }
}
