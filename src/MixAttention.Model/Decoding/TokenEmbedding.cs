using MixAttention.Compute;
using MixAttention.Model.Spec;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>Turns token ids into the residual stream and, for Gemma 4, into per-layer inputs.</summary>
internal sealed class TokenEmbedding : IDisposable
{
    private readonly Tensor _table; // [V, width] as stored
    private readonly double _scale;
    private readonly PerLayerEmbeddingSpec? _perLayer;
    private readonly Tensor? _perLayerTable;
    private readonly Linear? _perLayerProjection;
    private readonly Norm? _perLayerNorm;

    public TokenEmbedding(DecoderSpec spec, WeightLoader weights)
    {
        _table = weights.Load(spec.Embedding).DetachFromDisposeScope();
        _scale = spec.EmbeddingScale;
        _perLayer = spec.PerLayerEmbedding;
        if (_perLayer is null)
            return;
        _perLayerTable = weights.Load(_perLayer.Table).DetachFromDisposeScope();
        _perLayerProjection = weights.Linear(weights.Device.ComputeType, _perLayer.Projection);
        _perLayerNorm = weights.Norm(_perLayer.ProjectionNorm);
    }

    /// <summary>Fills the state's stream and per-layer inputs for its rows.</summary>
    public void Embed(StepState state, DecoderProfile profile)
    {
        using var host = tensor(state.Rows.TokenIds(), dtype: ScalarType.Int64);
        using var ids = host.to(_table.device);
        state.Stream = Rows(_table, ids, _scale);
        if (_perLayer is null)
            return;

        // (norm(projection(e) · s₁) + table[id] · s₂) · s₃
        using var embedded = state.Stream.InFormat(_perLayerProjection!.Type); // the three are there together
        using var product = profile.Linear.Measure(() => _perLayerProjection.Forward(embedded, state.Rows.TallRows));
        using var projected = product.InFormat(ScalarType.Float32);
        projected.ScaleInPlace(_perLayer.ProjectionScale);
        using var byLayer = projected.view(projected.shape[0], -1, _perLayer.Width);
        using var normed = _perLayerNorm!.Forward(byLayer);
        using var flat = normed.view(projected.shape);
        var inputs = Rows(_perLayerTable!, ids, _perLayer.TableScale);
        inputs.AddInPlace(flat);
        inputs.ScaleInPlace(_perLayer.CombineScale);
        state.PerLayerInputs = inputs;
    }

    private static Tensor Rows(Tensor table, Tensor ids, double scale)
    {
        using var rows = table.index_select(0, ids);
        var wide = rows.InFormat(ScalarType.Float32);
        if (scale != 1)
            wide.ScaleInPlace(scale);
        return wide;
    }

    public void Dispose()
    {
        _table.Dispose();
        _perLayerTable?.Dispose();
        _perLayerProjection?.Dispose();
        _perLayerNorm?.Dispose();
    }
}
