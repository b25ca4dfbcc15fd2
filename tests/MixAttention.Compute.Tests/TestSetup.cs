using System.Runtime.CompilerServices;

// Tensors are counted per thread and products use all cores: one test at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace MixAttention.Compute.Tests;

internal static class TestSetup
{
    [ModuleInitializer]
    internal static void LoadLibTorch() => TorchRuntime.Initialize(2);

    public static ComputeDevice Device(Precision precision = Precision.Float32, bool bFloat16Checkpoint = false, bool forceTiles = false) =>
        new("cpu", precision, bFloat16Checkpoint, forceTiles);
}
