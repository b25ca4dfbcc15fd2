using MixAttention.Compute;
using MixAttention.Compute.Attention;
using MixAttention.Model.Layouts;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>The keys and values of one KV owner for one prompt segment while a step runs: the slab so far, behind that of a shared prefix, or the scratch [window − 1 old | new].</summary>
/// <remarks>
/// Out-of-window keys never enter a ring: the scratch holds them until the owner's last borrower has run. What is read is always what was stored, in the format of the KV, so
/// that a result does not depend on which keys came in the same segment.
/// </remarks>
internal sealed class PromptKv : IDisposable
{
    private readonly PromptSegment _segment;
    private readonly KvOwnerShape _shape;
    private readonly KvArena _arena;
    private readonly (long Keys, long Values) _own;
    private readonly (long Keys, long Values) _prefix;
    private readonly int _firstWritten; // of the whole prompt: rows before it were trimmed away
    private KvPiece[] _pieces = [];

    public PromptKv(PromptSegment segment, KvGeometry geometry, int owner, KvArena arena)
    {
        _segment = segment;
        _shape = geometry.Owners[owner];
        _arena = arena;
        _own = geometry.Locate(owner, segment.Kv);
        _prefix = geometry.Locate(owner, segment.Kv.Prefix);
        _firstWritten = segment.Trim.KvStart(_shape.Layer);
    }

    /// <summary>Gets the position of the first key of <see cref="Read"/>.</summary>
    public int FirstPosition { get; private set; }

    /// <summary>Stores the keys and values of the segment's last rows.</summary>
    /// <param name="keys">[n, G, D], rotary applied; not disposed here.</param>
    /// <param name="values">[n, G, D].</param>
    /// <param name="willBeRead">Whether a layer reads them in this step.</param>
    public void Write(Tensor keys, Tensor values, bool willBeRead)
    {
        int start = _segment.End - (int)keys.shape[0];
        if (_shape.Window is not { } window)
        {
            WriteRows(_own.Keys, start - _segment.Kv.PrefixTokens, keys);
            WriteRows(_own.Values, start - _segment.Kv.PrefixTokens, values);
            return;
        }

        if (willBeRead)
        {
            FirstPosition = Math.Max(_firstWritten, start - (window - 1));
            _pieces = [new KvPiece(Scratch(_own.Keys, keys, start, window), Scratch(_own.Values, values, start, window))];
        }

        WriteRing(_own.Keys, keys, start, window);
        WriteRing(_own.Values, values, start, window);
    }

    /// <summary>Gets keys and values from <see cref="FirstPosition"/> to the segment's end; owned here.</summary>
    public ReadOnlySpan<KvPiece> Read()
    {
        if (_pieces.Length == 0)
        {
            int prefix = _segment.Kv.PrefixTokens;
            var own = View(_own, _segment.End - prefix);
            _pieces = prefix == 0 ? [own] : [View(_prefix, prefix), own];
        }

        return _pieces;
    }

    private KvPiece View((long Keys, long Values) place, int rows) =>
        new(_arena.View(place.Keys, rows, _shape.KvHeads, _shape.HeadDim), _arena.View(place.Values, rows, _shape.KvHeads, _shape.HeadDim));

    private Tensor Scratch(long offset, Tensor rows, int start, int window)
    {
        var parts = new List<Tensor>();
        for (int position = FirstPosition; position < start;)
        {
            int slot = position % window, count = Math.Min(start - position, window - slot);
            parts.Add(_arena.View(offset + (long)slot * _shape.RowElements, count, _shape.KvHeads, _shape.HeadDim));
            position += count;
        }

        parts.Add(rows.InFormat(_arena.Type));
        return parts.JoinRows();
    }

    private void WriteRing(long offset, Tensor rows, int start, int window)
    {
        int end = _segment.End;
        for (int position = Math.Max(start, end - window); position < end;)
        {
            int slot = position % window, count = Math.Min(end - position, window - slot);
            using var part = rows.narrow(0, position - start, count);
            WriteRows(offset, slot, part);
            position += count;
        }
    }

    private void WriteRows(long offset, int row, Tensor rows)
    {
        using var target = _arena.View(offset + (long)row * _shape.RowElements, rows.shape[0], _shape.KvHeads, _shape.HeadDim);
        target.copy_(rows);
    }

    public void Dispose()
    {
        foreach (var (keys, values) in _pieces)
        {
            keys.Dispose();
            values.Dispose();
        }
    }
}
