using MixAttention.Model.Decoding;
using MixAttention.Model.Layouts;
using MixAttention.Tests;
using TorchSharp;

namespace MixAttention.Model.Tests.Decoding;

/// <summary>Counts living tensors: between steps only weights, rotary tables and the KV arena may live.</summary>
[Collection("decoder")]
public class LeakTests
{
    [Theory]
    [InlineData("gemma4-kvshare")]
    [InlineData("mpt-moe-ma-pairs")]
    [InlineData("mpt-softcaps")]
    [InlineData("lckv-ma-pairs-22")]
    public void No_tensor_outlives_its_step(string name)
    {
        long before = Living();
        using (var driver = DecoderDriver.Load(GoldenFolder.Of(name), forceTiles: name == "mpt-softcaps"))
        {
            RunMixedSteps(driver);
            long loaded = Living();
            for (int i = 0; i < 5; i++)
                RunMixedSteps(driver);
            Assert.Equal(loaded, Living());
        }

        Assert.Equal(before, Living());
    }

    // Chunks of two prompts, one of them with no row left in the upper layers, beside a decode token.
    private static void RunMixedSteps(DecoderDriver driver)
    {
        int[] ids = [.. Enumerable.Range(0, 100).Select(i => 3 + (i * 7 % 50))];
        var (first, second, third) = (new KvRegion(0, 30), new KvRegion(100_000, 110), new KvRegion(200_000, 100));
        driver.Rows(new DecoderBatch([new PromptSegment(first, 0, ids.AsMemory(0, 20), PrefillTrim.Create(driver.Layout, 20), true)], []));
        var trim = PrefillTrim.Create(driver.Layout, 100);
        driver.Rows(new DecoderBatch(
            [new PromptSegment(second, 0, ids.AsMemory(0, 30), trim, false), new PromptSegment(third, 0, ids.AsMemory(0, 70), PrefillTrim.None(driver.Layout, 70), true)],
            [new DecodeRow(first, 20, 5)]));
        driver.Rows(new DecoderBatch([new PromptSegment(second, 30, ids.AsMemory(30, 70), trim, true)], [new DecodeRow(first, 21, 6), new DecodeRow(third, 70, 7)]));
        driver.Rows(new DecoderBatch([new PromptSegment(second, 0, ids.AsMemory(0, 30), trim, false)], []));
    }

    private static long Living() => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
}
