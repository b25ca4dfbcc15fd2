using TorchSharp;
using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>Operations of tensors with numbers whose native form lives until the call has ended.</summary>
/// <remarks>
/// TorchSharp makes a native <see cref="Scalar"/> of every number, also of the factor 1 that a sum or difference of two tensors has, and hands over its address alone. If nothing else refers to
/// it, the garbage collector may free it while libtorch reads it, which ends the process. So no code here or above calls TorchSharp's own forms; a test looks for them.
/// </remarks>
public static class ScalarOperations
{
    private static readonly Scalar One = 1;
    private static readonly Scalar MinusOne = -1;

    /// <summary>Adds a tensor in place.</summary>
    public static void AddInPlace(this Tensor tensor, Tensor other) => tensor.add_(other, One);

    /// <summary>Subtracts a tensor in place.</summary>
    public static void SubtractInPlace(this Tensor tensor, Tensor other) => tensor.add_(other, MinusOne);

    /// <summary>Multiplies by a number in place.</summary>
    public static void ScaleInPlace(this Tensor tensor, double factor)
    {
        using Scalar scalar = factor;
        tensor.mul_(scalar);
    }

    /// <summary>Adds a number.</summary>
    /// <returns>A new tensor; the caller disposes it.</returns>
    public static Tensor Plus(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.add(scalar, One);
    }

    /// <summary>Multiplies by a number.</summary>
    /// <returns>A new tensor; the caller disposes it.</returns>
    public static Tensor Scaled(this Tensor tensor, double factor)
    {
        using Scalar scalar = factor;
        return tensor.mul(scalar);
    }

    /// <summary>Bounds values softly in place: cap · tanh(x / cap).</summary>
    public static void CapInPlace(this Tensor tensor, double cap)
    {
        using Scalar scalar = cap;
        tensor.div_(scalar).tanh_().mul_(scalar);
    }

    /// <summary>Bounds values hard: to [−limit, limit].</summary>
    /// <returns>A new tensor; the caller disposes it.</returns>
    public static Tensor Clipped(this Tensor tensor, double limit)
    {
        using Scalar low = -limit, high = limit;
        return tensor.clamp(low, high);
    }
}
