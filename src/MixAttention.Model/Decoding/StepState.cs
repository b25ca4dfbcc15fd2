using MixAttention.Compute;
using MixAttention.Compute.Attention;
using MixAttention.Model.Layouts;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>What travels through the layers of one forward pass.</summary>
internal sealed class StepState : IDisposable
{
    private readonly KvGeometry _geometry;
    private readonly KvArena _arena;
    private readonly ComputeDevice _device;
    private readonly Dictionary<RotaryTable, (Tensor Cos, Tensor Sin)> _rotary = [];
    private readonly PromptKv?[,] _promptKv; // [segment, owner]
    private readonly DecodeKv[]?[] _decodeKv; // per owner

    public StepState(DecoderBatch batch, StepRows rows, KvGeometry geometry, KvArena arena, ComputeDevice device)
    {
        Batch = batch;
        Rows = rows;
        _geometry = geometry;
        _arena = arena;
        _device = device;
        _promptKv = new PromptKv?[batch.Segments.Count, geometry.Owners.Count];
        _decodeKv = new DecodeKv[geometry.Owners.Count][];
    }

    public DecoderBatch Batch { get; }

    public StepRows Rows { get; private set; }

    /// <summary>Gets or sets the residual stream, [rows, width] float32; owned here.</summary>
    public Tensor Stream { get; set; } = null!; // set right after the embedding, before any layer

    /// <summary>Gets or sets the per-layer inputs, [rows, layers · p] float32, or null; owned here.</summary>
    public Tensor? PerLayerInputs { get; set; }

    /// <summary>Gets cosines and sines of the present rows; owned here.</summary>
    public (Tensor Cos, Tensor Sin) Rotary(RotaryTable table)
    {
        if (!_rotary.TryGetValue(table, out var rows))
        {
            long[] positions = Rows.Positions();
            using var host = tensor(positions, dtype: ScalarType.Int64);
            using var index = host.to(_device.Device);
            rows = table.Lookup(index, (int)positions.Max());
            _rotary.Add(table, rows);
        }

        return rows;
    }

    /// <summary>Drops the rows that no later layer needs.</summary>
    /// <param name="firstPosition">First position kept of a segment.</param>
    /// <param name="hidden">A tensor of the present rows to bring along; disposed when rows were dropped.</param>
    /// <returns>The tensor for the rows kept.</returns>
    public Tensor Shrink(Func<PromptSegment, int> firstPosition, Tensor hidden)
    {
        var later = Rows.Shrink(firstPosition);
        if (later.Count == Rows.Count)
            return hidden;
        var ranges = Rows.RangesOf(later);
        Stream = Keep(Stream, ranges);
        PerLayerInputs = PerLayerInputs is null ? null : Keep(PerLayerInputs, ranges);
        DropRotary();
        Rows = later;
        return Keep(hidden, ranges);
    }

    /// <summary>Gets the keys and values of one owner for one segment, created on first use; owned here.</summary>
    public PromptKv PromptKv(int segment, int owner) =>
        _promptKv[segment, owner] ??= new PromptKv(Batch.Segments[segment], _geometry, owner, _arena);

    /// <summary>Frees an owner's scratch after its last reader has run.</summary>
    public void Release(int owner)
    {
        for (int segment = 0; segment < Batch.Segments.Count; segment++)
        {
            _promptKv[segment, owner]?.Dispose();
            _promptKv[segment, owner] = null;
        }
    }

    /// <summary>Gets where the decode rows' keys and values of one owner lie.</summary>
    public DecodeKv[] DecodeKv(int owner)
    {
        if (_decodeKv[owner] is { } known)
            return known;
        var shape = _geometry.Owners[owner];
        var places = new DecodeKv[Batch.Rows.Count];
        for (int i = 0; i < places.Length; i++)
        {
            var (kv, position, _) = Batch.Rows[i];
            var (keys, values) = _geometry.Locate(owner, kv);
            var (prefixKeys, prefixValues) = _geometry.Locate(owner, kv.Prefix);
            places[i] = shape.Window is { } window
                ? new DecodeKv(keys, values, Math.Min(position + 1, window), position % window)
                : new DecodeKv(keys, values, position + 1, position - kv.PrefixTokens, new DecodePrefix(prefixKeys, prefixValues, kv.PrefixTokens));
        }

        return _decodeKv[owner] = places;
    }

    private static Tensor Keep(Tensor tensor, List<(int Start, int Count)> ranges)
    {
        using (tensor)
        {
            if (ranges.Count == 0)
                return empty([0, tensor.shape[1]], tensor.dtype, tensor.device);
            return ranges.ConvertAll(r => tensor.narrow(0, r.Start, r.Count)).JoinRows();
        }
    }

    private void DropRotary()
    {
        foreach (var (cos, sin) in _rotary.Values)
        {
            cos.Dispose();
            sin.Dispose();
        }

        _rotary.Clear();
    }

    public void Dispose()
    {
        DropRotary();
        for (int owner = 0; owner < _geometry.Owners.Count; owner++)
            Release(owner);
        Stream?.Dispose();
        PerLayerInputs?.Dispose();
    }
}
