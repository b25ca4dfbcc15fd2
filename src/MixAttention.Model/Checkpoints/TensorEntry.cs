namespace MixAttention.Model.Checkpoints;

/// <summary>Describes one tensor of a checkpoint and where its bytes lie.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Type">Its number format; little-endian.</param>
/// <param name="Shape">Its sizes, outermost first; empty for a scalar.</param>
/// <param name="File">The file's name inside the checkpoint's folder.</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="ByteCount">Number of bytes.</param>
public sealed record TensorEntry(string Name, StoredType Type, long[] Shape, string File, long Offset, long ByteCount)
{
    /// <summary>Gets the number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, size) => product * size);
}
