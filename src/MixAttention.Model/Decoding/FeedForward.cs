using MixAttention.Compute;
using MixAttention.Model.Spec;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>A dense feed-forward network: down(act(gate(x)) · up(x)), or down(act(up(x))) without a gate.</summary>
internal sealed class FeedForward : IDisposable
{
    private readonly Linear _gateUp; // gate and up in one product, where there is a gate
    private readonly Linear _down;
    private readonly bool _isGated;
    private readonly ActivationKind _activation;

    public FeedForward(FfnSpec spec, WeightLoader weights)
    {
        var type = weights.Device.ComputeType;
        _isGated = spec.Gate is not null;
        _gateUp = weights.Linear(type, spec.Gate, spec.Up);
        _down = weights.Linear(type, spec.Down);
        _activation = spec.Activation;
    }

    /// <param name="x">[rows, width] in the format of products; not disposed here.</param>
    /// <returns>[rows, width], same format; the caller disposes it.</returns>
    public Tensor Forward(Tensor x, int tallRows, DecoderProfile profile)
    {
        using var inner = profile.Linear.Measure(() => _gateUp.Forward(x, tallRows));
        using var activated = _isGated ? Activations.Gated(inner, _activation) : Activations.Apply(inner, _activation);
        return profile.Linear.Measure(() => _down.Forward(activated, tallRows));
    }

    public void Dispose()
    {
        _gateUp.Dispose();
        _down.Dispose();
    }
}
