using MixAttention.Compute;
using MixAttention.Compute.Attention;
using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>The attention of one layer: projections, norms, rotary embedding, KV writes and the attention itself.</summary>
internal sealed class AttentionBlock : IDisposable
{
    private readonly int _layer;
    private readonly int _owner;
    private readonly bool _ownsKv;
    private readonly bool _isLastReader;
    private readonly AttentionLayout _layout;
    private readonly AttentionSpec _spec;
    private readonly AttentionShape _shape;
    private readonly KvArena _arena;
    private readonly Linear _query;
    private readonly Linear? _keyValue; // keys, then values; keys alone where V is the raw K
    private readonly Linear _output;
    private readonly Norm? _queryNorm;
    private readonly Norm? _keyNorm;
    private readonly Norm? _valueNorm;
    private readonly RotaryTable? _rotary;

    public AttentionBlock(int layer, DecoderSpec decoder, KvGeometry geometry, WeightLoader weights, RotaryTable? rotary, KvArena arena)
    {
        _layer = layer;
        _layout = decoder.Layout;
        _owner = geometry.OwnerIndex(layer);
        _ownsKv = _layout.OwnsKv(layer);
        _isLastReader = _layout.LastReader(_layout[layer].KvOwner) == layer;
        _spec = decoder.Layers[layer].Attention;
        _shape = new AttentionShape(_spec.QueryHeads, _spec.KvHeads, _spec.HeadDim, _spec.ScoreScale, _spec.ScoreSoftcap, _layout[layer].Window);
        _arena = arena;
        _rotary = rotary;
        var type = weights.Device.ComputeType;
        _query = weights.Linear(type, _spec.Query);
        _keyValue = _ownsKv ? weights.Linear(type, _spec.Key, _spec.Value) : null;
        _output = weights.Linear(type, _spec.Output);
        _queryNorm = weights.Norm(_spec.QueryNorm);
        _keyNorm = weights.Norm(_spec.KeyNorm);
        _valueNorm = weights.Norm(_spec.ValueNorm);
    }

    /// <summary>Runs the block; at an owner, prompt rows whose queries are not needed leave the step after their keys and values were written.</summary>
    /// <param name="hidden">[rows, width] in the format of products; disposed here.</param>
    /// <param name="state">The step; its rows may shrink.</param>
    /// <param name="profile">Where times go.</param>
    /// <returns>[rows left, width] in the format of products; null when no row is left.</returns>
    public Tensor? Forward(Tensor hidden, StepState state, DecoderProfile profile)
    {
        Tensor? newKeys = null, newValues = null;
        if (_keyValue is not null)
        {
            (newKeys, newValues) = KeysAndValues(hidden, state, profile);
            foreach (var range in state.Rows.Ranges)
                WritePrompt(range, newKeys, newValues, state);
            (newKeys, newValues) = (DecodeRows(newKeys, state), DecodeRows(newValues, state));
            hidden = state.Shrink(segment => segment.Trim.QueryStart(_layer), hidden);
        }

        using (hidden)
        using (newKeys)
        using (newValues)
        {
            if (state.Rows.Count == 0)
                return null;
            using var queries = Queries(hidden, state, profile);
            using var attended = profile.Attention.Measure(() => Attend(queries, newKeys, newValues, state));
            if (_isLastReader)
                state.Release(_owner);
            return profile.Linear.Measure(() => _output.Forward(attended, state.Rows.TallRows));
        }
    }

    private (Tensor Keys, Tensor Values) KeysAndValues(Tensor hidden, StepState state, DecoderProfile profile)
    {
        int width = _shape.KvHeads * _shape.HeadDim;
        using var product = profile.Linear.Measure(() => _keyValue!.Forward(hidden, state.Rows.TallRows)); // an owner has it
        using var projected = product.InFormat(ScalarType.Float32);
        using var keys = projected.narrow(1, 0, width);
        using var values = projected.narrow(1, _spec.ValueIsKey ? 0 : width, width);
        return (Shape(keys, _shape.KvHeads, _keyNorm, _rotary, state), Shape(values, _shape.KvHeads, _valueNorm, null, state, QkNormScope.Head));
    }

    private Tensor Queries(Tensor hidden, StepState state, DecoderProfile profile)
    {
        using var product = profile.Linear.Measure(() => _query.Forward(hidden, state.Rows.TallRows));
        using var projected = product.InFormat(ScalarType.Float32);
        return Shape(projected, _shape.QueryHeads, _queryNorm, _rotary, state);
    }

    // Clip, norm, rotate: [rows, heads · D] → [rows, heads, D]
    private Tensor Shape(Tensor projected, int heads, Norm? norm, RotaryTable? rotary, StepState state, QkNormScope? scope = null)
    {
        using var clipped = _spec.QkvClip is { } clip ? projected.Clipped(clip) : projected.alias();
        bool isWhole = (scope ?? _spec.QkNormScope) == QkNormScope.Whole;
        using var whole = norm is not null && isWhole ? norm.Forward(clipped) : clipped.alias();
        using var byHead = whole.view(-1, heads, _shape.HeadDim);
        using var normed = norm is not null && !isWhole ? norm.Forward(byHead) : byHead.alias();
        if (rotary is null)
            return normed.contiguous();
        var (cos, sin) = state.Rotary(rotary);
        return RotaryTable.Rotate(normed, cos, sin);
    }

    private void WritePrompt(RowRange range, Tensor keys, Tensor values, StepState state)
    {
        using var k = keys.narrow(0, range.Offset, range.Count);
        using var v = values.narrow(0, range.Offset, range.Count);
        var segment = state.Batch.Segments[range.Segment];
        bool willBeRead = segment.Trim.QueryStart(_layer) < segment.End;
        state.PromptKv(range.Segment, _owner).Write(k, v, willBeRead);
    }

    private static Tensor? DecodeRows(Tensor rows, StepState state)
    {
        using (rows)
            return state.Batch.Rows.Count == 0 ? null : rows.narrow(0, state.Rows.PromptRows, state.Batch.Rows.Count);
    }

    private Tensor Attend(Tensor queries, Tensor? newKeys, Tensor? newValues, StepState state)
    {
        var parts = new List<Tensor>();
        foreach (var range in state.Rows.Ranges)
        {
            using var q = queries.narrow(0, range.Offset, range.Count);
            var kv = state.PromptKv(range.Segment, _owner);
            using var attended = PrefillAttention.Run(q, kv.Read(), range.Position, kv.FirstPosition, _shape);
            parts.Add(attended.InFormat(_query.Type));
        }

        if (state.Batch.Rows.Count > 0)
        {
            using var q = queries.narrow(0, state.Rows.PromptRows, state.Batch.Rows.Count);
            using var attended = DecodeAttention.Run(q, newKeys, newValues, _arena, state.DecodeKv(_owner), _shape);
            parts.Add(attended.InFormat(_query.Type));
        }

        return parts.Count == 1 ? parts[0] : parts.JoinRows();
    }

    public void Dispose()
    {
        _query.Dispose();
        _keyValue?.Dispose();
        _output.Dispose();
        _queryNorm?.Dispose();
        _keyNorm?.Dispose();
        _valueNorm?.Dispose();
    }
}
