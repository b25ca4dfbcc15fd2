using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MixAttention.Compute.Native;

/// <summary>Calls the few functions of libtorch's stable C ABI that TorchSharp lacks, on TorchSharp's own tensors.</summary>
/// <remarks>
/// A TorchSharp handle and an AtenTensorHandle are both an <c>at::Tensor*</c>. Typed functions borrow their inputs and return new handles; the dispatcher steals the
/// handles on its stack. CPU only. Every function here has a portable twin, which the tests compare it with.
/// </remarks>
internal static unsafe partial class LibTorchAbi
{
    private const string Library = "torch_cpu";
    private const ulong AbiVersion = (2UL << 56) | (10UL << 48);

    /// <summary>Reorders a weight [N, K] into the blocked form that oneDNN computes with.</summary>
    /// <returns>An opaque tensor for <see cref="LinearPacked"/>; the caller disposes it and may drop the plain weight.</returns>
    public static Tensor PackLinearWeight(Tensor weight)
    {
        Check(aoti_torch_new_tensor_handle(weight.Handle, out nint owned), "aoti_torch_new_tensor_handle");
        ulong* stack = stackalloc ulong[2];
        stack[0] = (ulong)owned;
        stack[1] = 0; // no hint of the batch size
        Check(torch_call_dispatcher("mkldnn::_reorder_linear_weight", "", stack, AbiVersion), "mkldnn::_reorder_linear_weight");
        return Tensor.UnsafeCreateTensor((nint)stack[0]);
    }

    /// <summary>Computes x · Wᵀ + b with oneDNN.</summary>
    /// <param name="x">[M, K], contiguous.</param>
    /// <param name="weight">From <see cref="PackLinearWeight"/>, or a plain [N, K] of any strides.</param>
    /// <param name="bias">[N] or null.</param>
    /// <returns>[M, N], dtype of x; the caller disposes it.</returns>
    public static Tensor LinearPacked(Tensor x, Tensor weight, Tensor? bias)
    {
        nint biasHandle = bias is null ? 0 : bias.Handle;
        nint result;
        Check(aoti_torch_cpu__linear_pointwise(x.Handle, weight.Handle, bias is null ? null : &biasHandle, "none", null, 0, null, &result), "linear_pointwise");
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>Computes x · rsqrt(mean(x²) + epsilon) · weight over the last dimension, fused.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor? weight, double epsilon)
    {
        long width = x.shape[^1];
        nint weightHandle = weight is null ? 0 : weight.Handle;
        nint result, reciprocal;
        Check(aoti_torch_cpu__fused_rms_norm(x.Handle, &width, 1, weight is null ? null : &weightHandle, &epsilon, &result, &reciprocal), "_fused_rms_norm");
        Tensor.UnsafeCreateTensor(reciprocal).Dispose();
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>Gets the address of the tensor's first element; valid while the tensor lives.</summary>
    public static void* DataPointer(Tensor tensor)
    {
        void* pointer;
        Check(aoti_torch_get_data_ptr(tensor.Handle, &pointer), "aoti_torch_get_data_ptr");
        return pointer;
    }

    /// <summary>Runs an item range on libtorch's own threads, so that no second pool competes with its spinning one.</summary>
    /// <param name="count">Number of items.</param>
    /// <param name="body">Called with [begin, end) and the context; must not throw.</param>
    /// <param name="context">Handed to the body.</param>
    public static void ParallelFor(long count, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context)
    {
        if (count > 0)
            Check(torch_parallel_for(0, count, 1, body, context), "torch_parallel_for");
    }

    private static void Check(int status, string function)
    {
        if (status != 0)
            throw new ComputeException($"libtorch's {function} failed with status {status}; the reason is on standard error. Run `mixbatch doctor` to compare its results with the portable path.");
    }

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int torch_call_dispatcher(string op, string overload, ulong* stack, ulong abiVersion);

    [LibraryImport(Library)]
    private static partial int aoti_torch_new_tensor_handle(nint handle, out nint result);

    [LibraryImport(Library)]
    private static partial int aoti_torch_get_data_ptr(nint handle, void** result);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int aoti_torch_cpu__linear_pointwise(nint x, nint weight, nint* bias, string attribute, double** scalars, long scalarCount, byte** algorithm, nint* result);

    [LibraryImport(Library)]
    private static partial int aoti_torch_cpu__fused_rms_norm(nint x, long* shape, long shapeLength, nint* weight, double* epsilon, nint* result, nint* reciprocal);

    [LibraryImport(Library)]
    private static partial int torch_parallel_for(long begin, long end, long grain, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context);
}
