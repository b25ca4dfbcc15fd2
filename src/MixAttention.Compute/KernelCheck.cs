using MixAttention.Compute.Attention;
using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>What one comparison of a fast path with its portable twin found.</summary>
/// <param name="Kernel">What was compared.</param>
/// <param name="Difference">Largest difference in standard deviations of the portable result.</param>
public readonly record struct KernelCheckResult(string Kernel, double Difference)
{
    /// <summary>Gets whether the difference is no more than rounding.</summary>
    public bool IsFine => Difference <= 1e-4;
}

/// <summary>Compares, on random data and this machine, every fast path with its portable twin.</summary>
public static class KernelCheck
{
    /// <summary>Runs all comparisons in float32; takes milliseconds.</summary>
    public static IReadOnlyList<KernelCheckResult> Run()
    {
        using var mode = TorchRuntime.InferenceMode();
        using var scope = NewDisposeScope();
        var device = new ComputeDevice("cpu", Precision.Float32, checkpointIsBFloat16: false);
        return [PackedLinear(device), FusedNorm(device), Prefill(), Decode(device)];
    }

    private static KernelCheckResult PackedLinear(ComputeDevice device)
    {
        var weight = randn(256, 192);
        using var packed = new Linear(weight.clone(), null, device);
        using var plain = new Linear(weight.clone(), null, device, pack: false);
        var x = randn(100, 192);
        return new("packed linear", Difference(packed.Forward(x, 100), plain.Forward(x, 100)));
    }

    private static KernelCheckResult FusedNorm(ComputeDevice device)
    {
        var weight = randn(192);
        using var fused = new Norm(weight.clone(), null, 1e-5, isRms: true, device);
        using var portable = new Norm(weight.clone(), null, 1e-5, isRms: true, device, fused: false);
        var x = randn(50, 192);
        return new("fused RMSNorm", Difference(fused.Forward(x), portable.Forward(x)));
    }

    private static KernelCheckResult Prefill()
    {
        var shape = new AttentionShape(8, 2, 64, 0.125, null, 100);
        var (q, k, v) = (randn(150, 8, 64), randn(249, 2, 64), randn(249, 2, 64));
        return new("prefill attention", Difference(PrefillAttention.Run(q, [new(k, v)], 99, 0, shape), PrefillAttention.Portable(q, [new(k, v)], 99, 0, shape, ScalarType.Float32)));
    }

    private static KernelCheckResult Decode(ComputeDevice device)
    {
        var shape = new AttentionShape(8, 2, 64, 0.125, null, null);
        using var arena = new KvArena(2 * 700 * 128, device);
        arena.View(0, 1400, 2, 64).copy_(randn(1400, 2, 64));
        DecodeKv[] places = [new(0, 700 * 128, 700, 3)];
        var q = randn(1, 8, 64);
        return new("decode attention", Difference(DecodeAttention.Run(q, null, null, arena, places, shape), DecodeAttention.Portable(q, null, null, arena, places, shape)));
    }

    private static double Difference(Tensor actual, Tensor expected)
    {
        actual.SubtractInPlace(expected);
        double far = actual.abs().max().item<float>() / expected.std().item<float>();
        return double.IsNaN(far) ? double.PositiveInfinity : far;
    }
}
