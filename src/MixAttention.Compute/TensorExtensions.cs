using MixAttention.Compute.Native;
using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>Small additions to TorchSharp's tensors.</summary>
public static class TensorExtensions
{
    /// <summary>Converts to a number format, or makes a second handle where it already is in it; either way the caller disposes the result and the source stays the caller's.</summary>
    public static Tensor InFormat(this Tensor tensor, ScalarType type) => tensor.dtype == type ? tensor.alias() : tensor.to(type);

    /// <summary>Gets the address of a contiguous CPU tensor's first element; valid while the tensor lives.</summary>
    public static unsafe void* HostPointer(this Tensor tensor) => LibTorchAbi.DataPointer(tensor);
}
