using MixAttention.Compute.Native;
using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>Small additions to TorchSharp's tensors.</summary>
public static class TensorExtensions
{
    /// <summary>Converts to a number format, or makes a second handle where it already is in it; either way the caller disposes the result and the source stays the caller's.</summary>
    public static Tensor InFormat(this Tensor tensor, ScalarType type) => tensor.dtype == type ? tensor.alias() : tensor.to(type);

    /// <summary>Copies tensors one behind the other, along their first dimension, and disposes them.</summary>
    /// <param name="parts">At least one; equal in all other dimensions and in format.</param>
    /// <returns>A new tensor, also of a single part; the caller disposes it.</returns>
    public static Tensor JoinRows(this IReadOnlyCollection<Tensor> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var joined = cat([.. parts], 0);
        foreach (var part in parts)
            part.Dispose();
        return joined;
    }

    /// <summary>Gets the address of a contiguous CPU tensor's first element; valid while the tensor lives.</summary>
    public static unsafe void* HostPointer(this Tensor tensor) => LibTorchAbi.DataPointer(tensor);
}
