using MixAttention.Compute;
using MixAttention.Model.Spec;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>Gemma 4's per-layer input of one layer: x += norm(projection(act(gate(x)) ⊙ input)).</summary>
internal sealed class PerLayerInput(PerLayerInputSpec spec, int layer, int width, WeightLoader weights) : IDisposable
{
    private readonly Linear _gate = weights.Linear(weights.Device.ComputeType, spec.Gate);
    private readonly Linear _projection = weights.Linear(weights.Device.ComputeType, spec.Projection);
    private readonly Norm _postNorm = weights.Norm(spec.PostNorm)!; // the spec names it

    public void AddTo(StepState state, DecoderProfile profile)
    {
        int tall = state.Rows.TallRows;
        using var x = state.Stream.InFormat(_gate.Type);
        using var gated = profile.Linear.Measure(() => _gate.Forward(x, tall));
        using var activated = Activations.Apply(gated, spec.Activation);
        using var wide = activated.InFormat(ScalarType.Float32);
        using var input = state.PerLayerInputs!.narrow(1, (long)layer * width, width); // made with the embedding whenever the spec has per-layer inputs
        using var product = wide.mul(input);
        using var typed = product.InFormat(_gate.Type);
        using var projected = profile.Linear.Measure(() => _projection.Forward(typed, tall));
        using var result = projected.InFormat(ScalarType.Float32);
        using var normed = _postNorm.Forward(result);
        state.Stream.AddInPlace(normed);
    }

    public void Dispose()
    {
        _gate.Dispose();
        _projection.Dispose();
        _postNorm.Dispose();
    }
}
