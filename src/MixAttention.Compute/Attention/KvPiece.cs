using static TorchSharp.torch;

namespace MixAttention.Compute.Attention;

/// <summary>Keys and values of consecutive positions.</summary>
/// <param name="Keys">[m, G, D] contiguous, in the format of the KV.</param>
/// <param name="Values">[m, G, D], likewise.</param>
public readonly record struct KvPiece(Tensor Keys, Tensor Values);

/// <summary>Where the rows of a <see cref="KvPiece"/> lie.</summary>
internal unsafe struct KvRows
{
    public byte* Keys, Values;
    public int Count;

    public static KvRows Of(KvPiece piece) =>
        new() { Keys = (byte*)piece.Keys.HostPointer(), Values = (byte*)piece.Values.HostPointer(), Count = (int)piece.Keys.shape[0] };
}
