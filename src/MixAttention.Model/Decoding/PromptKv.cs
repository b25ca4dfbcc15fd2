using MixAttention.Compute;
using MixAttention.Model.Layouts;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>The keys and values of one KV owner for one prompt segment while a step runs: the slab so far, or the scratch [window − 1 old | new].</summary>
/// <remarks>
/// Out-of-window keys never enter a ring: the scratch holds them until the owner's last borrower has run. What is read is always what was stored, in the format of the KV, so
/// that a result does not depend on which keys came in the same segment.
/// </remarks>
internal sealed class PromptKv : IDisposable
{
    private readonly PromptSegment _segment;
    private readonly KvOwnerShape _shape;
    private readonly KvArena _arena;
    private readonly long _keyOffset;
    private readonly long _valueOffset;
    private readonly int _firstWritten; // of the whole prompt: rows before it were trimmed away
    private Tensor? _keys;
    private Tensor? _values;

    public PromptKv(PromptSegment segment, KvGeometry geometry, int owner, KvArena arena)
    {
        _segment = segment;
        _shape = geometry.Owners[owner];
        _arena = arena;
        _keyOffset = segment.Kv.Offset + geometry.KeyOffset(owner, segment.Kv.Tokens);
        _valueOffset = _keyOffset + _shape.Rows(segment.Kv.Tokens) * _shape.RowElements;
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
            WriteRows(_keyOffset, start, keys);
            WriteRows(_valueOffset, start, values);
            return;
        }

        if (willBeRead)
        {
            FirstPosition = Math.Max(_firstWritten, start - (window - 1));
            _keys = Scratch(_keyOffset, keys, start, window);
            _values = Scratch(_valueOffset, values, start, window);
        }

        WriteRing(_keyOffset, keys, start, window);
        WriteRing(_valueOffset, values, start, window);
    }

    /// <summary>Gets keys and values from <see cref="FirstPosition"/> to the segment's end, [m, G, D] in the format of the KV; owned here.</summary>
    public (Tensor Keys, Tensor Values) Read()
    {
        _keys ??= _arena.View(_keyOffset, _segment.End, _shape.KvHeads, _shape.HeadDim);
        _values ??= _arena.View(_valueOffset, _segment.End, _shape.KvHeads, _shape.HeadDim);
        return (_keys, _values);
    }

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
        var scratch = cat(parts, 0);
        foreach (var part in parts)
            part.Dispose();
        return scratch;
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
        _keys?.Dispose();
        _values?.Dispose();
    }
}
