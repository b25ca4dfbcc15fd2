using MixAttention.Model.Spec;

namespace MixAttention.Model.Layouts;

/// <summary>Describes what one KV owner keeps for a sequence.</summary>
/// <param name="Layer">The owner's index.</param>
/// <param name="KvHeads">KV heads (G).</param>
/// <param name="HeadDim">Head size (D).</param>
/// <param name="Window">Rows of its ring; null for a slab that grows with the sequence.</param>
public readonly record struct KvOwnerShape(int Layer, int KvHeads, int HeadDim, int? Window)
{
    /// <summary>Gets the elements of one token's keys (or values).</summary>
    public int RowElements => KvHeads * HeadDim;

    /// <summary>Computes the rows kept for a sequence of the given number of tokens: all of them in a slab, exactly the window in a ring.</summary>
    public long Rows(int tokens) => Window ?? tokens;
}

/// <summary>Turns a sequence's length into the exact bytes of its keys and values and into the place of each owner inside them.</summary>
/// <remarks>
/// A sequence has one contiguous region of the KV arena. In it each owner has, in layer order, its keys [rows, G, D] and then its values [rows, G, D].
/// Bytes: Σ full owners 2·G·D·b·tokens + Σ window owners 2·G·D·b·Window, with tokens = prompt + max new tokens, less those of a shared prefix. Integers only; knows no tensor.
/// </remarks>
public sealed class KvGeometry
{
    private readonly KvOwnerShape[] _owners;
    private readonly int[] _ownerIndexOfLayer;

    /// <summary>Creates the geometry of a decoder.</summary>
    /// <param name="spec">The decoder.</param>
    /// <param name="bytesPerElement">b: 2 for bf16, 4 for f32.</param>
    public KvGeometry(DecoderSpec spec, int bytesPerElement)
        : this(spec.Layout, [.. spec.Layout.Owners.Select(l => new KvOwnerShape(l, spec.Layers[l].Attention.KvHeads, spec.Layers[l].Attention.HeadDim, spec.Layout[l].Window))], bytesPerElement)
    {
    }

    /// <summary>Creates the geometry of a layout whose layers all have the same heads.</summary>
    public KvGeometry(AttentionLayout layout, int kvHeads, int headDim, int bytesPerElement)
        : this(layout, [.. layout.Owners.Select(l => new KvOwnerShape(l, kvHeads, headDim, layout[l].Window))], bytesPerElement)
    {
    }

    private KvGeometry(AttentionLayout layout, KvOwnerShape[] owners, int bytesPerElement)
    {
        Layout = layout;
        _owners = owners;
        BytesPerElement = bytesPerElement;
        _ownerIndexOfLayer = new int[layout.LayerCount];
        for (int layer = 0; layer < layout.LayerCount; layer++)
            _ownerIndexOfLayer[layer] = Array.FindIndex(owners, o => o.Layer == layout[layer].KvOwner);
    }

    /// <summary>Gets the layout.</summary>
    public AttentionLayout Layout { get; }

    /// <summary>Gets bytes per stored element (b).</summary>
    public int BytesPerElement { get; }

    /// <summary>Gets the owners in layer order.</summary>
    public IReadOnlyList<KvOwnerShape> Owners => _owners;

    /// <summary>Finds the index in <see cref="Owners"/> of the owner that a layer reads.</summary>
    public int OwnerIndex(int layer) => _ownerIndexOfLayer[layer];

    /// <summary>Computes the elements of a sequence's region.</summary>
    /// <param name="tokens">Tokens with a row in each slab: prompt + max new tokens, less those of a shared prefix.</param>
    public long Elements(int tokens)
    {
        long elements = 0;
        foreach (var owner in _owners)
            elements += 2 * owner.Rows(tokens) * owner.RowElements;
        return elements;
    }

    /// <summary>Computes the bytes of a sequence's region.</summary>
    public long Bytes(int tokens) => Elements(tokens) * BytesPerElement;

    /// <summary>Computes where an owner's keys start inside a region, in elements; its values follow them at once.</summary>
    /// <param name="ownerIndex">Index in <see cref="Owners"/>.</param>
    /// <param name="tokens">The region's tokens.</param>
    public long KeyOffset(int ownerIndex, int tokens)
    {
        long offset = 0;
        for (int i = 0; i < ownerIndex; i++)
            offset += 2 * _owners[i].Rows(tokens) * _owners[i].RowElements;
        return offset;
    }

    /// <summary>Computes where an owner's first key and first value of a region lie in the arena, in elements.</summary>
    public (long Keys, long Values) Locate(int ownerIndex, KvRegion region)
    {
        long keys = region.Offset + KeyOffset(ownerIndex, region.Tokens);
        return (keys, keys + (_owners[ownerIndex].Rows(region.Tokens) * _owners[ownerIndex].RowElements));
    }

    /// <summary>Gets the bytes that one more token costs in the full owners.</summary>
    public long BytesPerToken => _owners.Where(o => o.Window is null).Sum(o => 2L * o.RowElements) * BytesPerElement;

    /// <summary>Gets the bytes of all rings of one sequence.</summary>
    public long RingBytes => _owners.Where(o => o.Window is not null).Sum(o => 2L * o.RowElements * o.Window!.Value) * BytesPerElement;
}

/// <summary>Addresses the keys and values of one sequence inside the KV arena.</summary>
/// <param name="Offset">First element of the region.</param>
/// <param name="Tokens">Tokens the region was made for: prompt + max new tokens, less those of the prefix. With it <see cref="KvGeometry"/> places every owner.</param>
/// <param name="PrefixOffset">First element of the region whose slabs hold the sequence's first tokens; rings are its own in any case.</param>
/// <param name="PrefixTokens">Tokens of that region: the slabs of this one begin at this position. 0 for none.</param>
public readonly record struct KvRegion(long Offset, int Tokens, long PrefixOffset = 0, int PrefixTokens = 0)
{
    /// <summary>Gets the region of the prefix.</summary>
    public KvRegion Prefix => new(PrefixOffset, PrefixTokens);
}
