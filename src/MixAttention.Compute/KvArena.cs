using MixAttention.Compute.Native;
using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>Holds the keys and values of all sequences in one flat tensor, allocated once.</summary>
/// <remarks>Offsets and counts are in elements. The arena knows nothing of sequences: who owns which range is decided elsewhere.</remarks>
public sealed class KvArena : IDisposable
{
    private readonly Tensor _elements;

    /// <summary>Allocates the arena.</summary>
    /// <param name="elements">Elements in all.</param>
    /// <param name="device">Where, and in which format.</param>
    public KvArena(long elements, ComputeDevice device)
    {
        Elements = elements;
        IsOnCpu = !device.IsCuda;
        Type = device.KvType;
        // Not cleared: no row is read before it is written, and clearing 20 GB makes a start wait for a minute and takes pages that may never be used.
        _elements = empty([elements], Type, device.Device).DetachFromDisposeScope();
    }

    /// <summary>Gets the number of elements.</summary>
    public long Elements { get; }

    /// <summary>Gets the format of an element.</summary>
    public ScalarType Type { get; }

    /// <summary>Gets whether <see cref="Pointer"/> can be read by the processor.</summary>
    public bool IsOnCpu { get; }

    /// <summary>Views a range as keys or values.</summary>
    /// <returns>[rows, G, D]; the caller disposes the view.</returns>
    public Tensor View(long offset, long rows, int kvHeads, int headDim)
    {
        using var range = _elements.narrow(0, offset, rows * kvHeads * headDim);
        return range.view(rows, kvHeads, headDim);
    }

    /// <summary>Gets the address of an element (CPU only); valid while the arena lives.</summary>
    public unsafe byte* Pointer(long offset) => (byte*)LibTorchAbi.DataPointer(_elements) + offset * (Type == ScalarType.Float32 ? 4 : 2);

    /// <summary>Copies a range; source and target may overlap.</summary>
    public void Copy(long from, long to, long elements)
    {
        using var source = _elements.narrow(0, from, elements);
        using var target = _elements.narrow(0, to, elements);
        bool overlaps = Math.Abs(from - to) < elements;
        if (!overlaps)
        {
            target.copy_(source);
            return;
        }

        using var copy = source.clone();
        target.copy_(copy);
    }

    /// <inheritdoc />
    public void Dispose() => _elements.Dispose();
}
