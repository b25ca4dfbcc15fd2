namespace MixAttention.Compute.Tests;

public class KernelCheckTests
{
    [Fact]
    public void Every_fast_path_agrees_with_its_twin()
    {
        var results = KernelCheck.Run();
        Assert.Equal(["packed linear", "fused RMSNorm", "prefill attention", "decode attention"], results.Select(r => r.Kernel));
        Assert.All(results, r => Assert.True(r.IsFine, $"{r.Kernel}: {r.Difference}"));
    }
}
