using MixAttention.Compute.Attention;
using static TorchSharp.torch;

namespace MixAttention.Compute.Tests.Attention;

/// <summary>Judges attention over bfloat16 keys and values at long contexts against float32 attention over the values before rounding.</summary>
public class LongContextTests
{
    [Theory]
    [InlineData(4096)]
    [InlineData(32768)]
    public void Bfloat16_kv_costs_only_its_own_rounding(int keys)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(keys);
        var shape = new AttentionShape(8, 2, 64, 0.125, null, null);
        using var arena = new KvArena(2L * keys * 128, TestSetup.Device(Precision.BFloat16));
        var (q, k, v) = (randn(4, 8, 64), randn(keys, 2, 64), randn(keys, 2, 64));
        var (storedKeys, storedValues) = (arena.View(0, keys, 2, 64), arena.View((long)keys * 128, keys, 2, 64));
        storedKeys.copy_(k);
        storedValues.copy_(v);

        var expected = PrefillAttention.Portable(q, [new(k, v)], keys - 4, 0, shape, ScalarType.Float32);
        var prefill = PrefillAttention.Run(q, [new(storedKeys, storedValues)], keys - 4, 0, shape);
        var decode = DecodeAttention.Run(q.narrow(0, 3, 1), null, null, arena, [new DecodeKv(0, (long)keys * 128, keys, 0)], shape);

        // bfloat16 keeps 8 bits: values are off by up to 0.4 %, scores of standard deviation 1 by about as much, and sums of many average it out.
        float spread = expected.std().item<float>();
        Assert.InRange((prefill - expected).abs().max().item<float>() / spread, 0, 0.02);
        Assert.InRange((decode - expected.narrow(0, 3, 1)).abs().max().item<float>() / spread, 0, 0.02);
        Assert.InRange((decode - prefill.narrow(0, 3, 1)).abs().max().item<float>() / spread, 0, 1e-4);
    }
}
