using MixAttention.Compute;
using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>One layer: x += norm(attention(norm(x))); x += norm(ffn(norm(x))), and what Gemma adds to it.</summary>
internal sealed class DecoderLayer : IDisposable
{
    private readonly ScalarType _type;
    private readonly AttentionBlock _attention;
    private readonly Norm _inputNorm;
    private readonly Norm? _postAttentionNorm;
    private readonly Norm _preFfnNorm;
    private readonly Norm? _postFfnNorm;
    private readonly FeedForward? _ffn;
    private readonly ExpertMixture? _experts;
    private readonly PerLayerInput? _perLayerInput;
    private readonly float? _outputScalar;

    public DecoderLayer(int layer, DecoderSpec decoder, KvGeometry geometry, WeightLoader weights, RotaryTable? rotary, KvArena arena)
    {
        var spec = decoder.Layers[layer];
        _type = weights.Device.ComputeType;
        _attention = new AttentionBlock(layer, decoder, geometry, weights, rotary, arena);
        _inputNorm = weights.Norm(spec.InputNorm)!; // a norm that the spec names is there
        _postAttentionNorm = weights.Norm(spec.PostAttentionNorm);
        _preFfnNorm = weights.Norm(spec.PreFfnNorm)!;
        _postFfnNorm = weights.Norm(spec.PostFfnNorm);
        _ffn = spec.Ffn is null ? null : new FeedForward(spec.Ffn, weights);
        _experts = spec.Moe is null ? null : new ExpertMixture(spec.Moe, weights);
        _perLayerInput = spec.PerLayerInput is null ? null : new PerLayerInput(spec.PerLayerInput, layer, decoder.PerLayerEmbedding!.Width, weights);
        if (spec.OutputScalar is { } scalar)
        {
            using var value = weights.Load(scalar, ScalarType.Float32);
            using var onHost = value.cpu();
            _outputScalar = onHost.item<float>();
        }
    }

    /// <summary>Runs the layer on the step's residual stream.</summary>
    /// <returns>False when no row is left, so that no later layer needs to run.</returns>
    public bool Forward(StepState state, DecoderProfile profile)
    {
        var attended = _attention.Forward(Normed(_inputNorm, state), state, profile);
        if (attended is null)
            return false;
        Add(state, attended, _postAttentionNorm);
        using (var hidden = Normed(_preFfnNorm, state))
        {
            int tall = state.Rows.TallRows;
            Add(state, _ffn is null ? _experts!.Forward(hidden, tall, profile) : _ffn.Forward(hidden, tall, profile), _postFfnNorm); // one of the two is there
        }

        _perLayerInput?.AddTo(state, profile);
        if (_outputScalar is { } scalar)
            state.Stream.ScaleInPlace(scalar);
        return true;
    }

    private Tensor Normed(Norm norm, StepState state)
    {
        using var normed = norm.Forward(state.Stream);
        return normed.InFormat(_type);
    }

    private static void Add(StepState state, Tensor result, Norm? norm)
    {
        using (result)
        using (var wide = result.InFormat(ScalarType.Float32))
        using (var normed = norm is null ? wide.alias() : norm.Forward(wide))
            state.Stream.AddInPlace(normed);
    }

    public void Dispose()
    {
        _attention.Dispose();
        _inputNorm.Dispose();
        _postAttentionNorm?.Dispose();
        _preFfnNorm.Dispose();
        _postFfnNorm?.Dispose();
        _ffn?.Dispose();
        _experts?.Dispose();
        _perLayerInput?.Dispose();
    }
}
