using MixAttention.Model.Spec;

namespace MixAttention.Model.Checkpoints;

/// <summary>Lists the tensors that a decoder reads, with their shapes.</summary>
internal sealed class DecoderWeights
{
    private readonly Dictionary<string, long[]> _shapes = new(StringComparer.Ordinal);

    private DecoderWeights()
    {
    }

    /// <summary>Collects the shape of every tensor that the decoder's references name.</summary>
    internal static IReadOnlyDictionary<string, long[]> Of(DecoderSpec spec)
    {
        var weights = new DecoderWeights();
        weights.Matrix(spec.Embedding, spec.VocabularySize, spec.Width);
        if (spec.PerLayerEmbedding is { } perLayer)
        {
            int all = perLayer.Width * spec.Layers.Count;
            weights.Matrix(perLayer.Table, spec.VocabularySize, all);
            weights.Linear(perLayer.Projection, all, spec.Width);
            weights.Norm(perLayer.ProjectionNorm, perLayer.Width);
        }

        foreach (var layer in spec.Layers)
            weights.Layer(layer, spec.Width, spec.PerLayerEmbedding?.Width ?? 0);
        weights.Norm(spec.FinalNorm, spec.Width);
        weights.Linear(spec.Head, spec.VocabularySize, spec.Width);
        return weights._shapes;
    }

    private void Layer(LayerSpec layer, int width, int perLayerWidth)
    {
        Attention(layer.Attention, width);
        Norm(layer.InputNorm, width);
        Norm(layer.PostAttentionNorm, width);
        Norm(layer.PreFfnNorm, width);
        Norm(layer.PostFfnNorm, width);
        if (layer.Ffn is { } ffn)
            Ffn(ffn, width);
        if (layer.Moe is { } moe)
        {
            Linear(moe.Router, moe.Experts.Count, width);
            foreach (var expert in moe.Experts)
                Ffn(expert, width);
        }

        if (layer.PerLayerInput is { } input)
        {
            Linear(input.Gate, perLayerWidth, width);
            Linear(input.Projection, width, perLayerWidth);
            Norm(input.PostNorm, width);
        }

        if (layer.OutputScalar is { } scalar)
            _shapes[scalar.Name] = [1];
    }

    private void Attention(AttentionSpec attention, int width)
    {
        int queries = attention.QueryHeads * attention.HeadDim, keys = attention.KvHeads * attention.HeadDim;
        bool whole = attention.QkNormScope == QkNormScope.Whole;
        Linear(attention.Query, queries, width);
        Linear(attention.Key, keys, width);
        Linear(attention.Value, keys, width);
        Norm(attention.QueryNorm, whole ? queries : attention.HeadDim);
        Norm(attention.KeyNorm, whole ? keys : attention.HeadDim);
        Norm(attention.ValueNorm, attention.HeadDim);
        Linear(attention.Output, width, queries);
    }

    private void Ffn(FfnSpec ffn, int width)
    {
        Linear(ffn.Gate, ffn.InnerWidth, width);
        Linear(ffn.Up, ffn.InnerWidth, width);
        Linear(ffn.Down, width, ffn.InnerWidth);
    }

    private void Norm(NormSpec? norm, int width)
    {
        Vector(norm?.Weight, width);
        Vector(norm?.Bias, width);
    }

    private void Linear(LinearSpec? linear, int outputs, int inputs)
    {
        if (linear is null)
            return;
        if (linear.Weight.Transposed)
            Matrix(linear.Weight, inputs, outputs);
        else
            Matrix(linear.Weight, outputs, inputs);
        Vector(linear.Bias, outputs);
    }

    private void Vector(WeightRef? weight, int length)
    {
        if (weight is not null)
            _shapes[weight.Name] = [Rows(weight, length)];
    }

    private void Matrix(WeightRef weight, int rows, int columns) => _shapes[weight.Name] = [Rows(weight, rows), columns];

    /// <summary>Computes the rows of the whole tensor: the parts of a fused tensor lie one behind the other, so it ends where the last of them does.</summary>
    private long Rows(WeightRef weight, int rows) => Math.Max((long)weight.RowStart + rows, _shapes.TryGetValue(weight.Name, out var known) ? known[0] : 0);
}
