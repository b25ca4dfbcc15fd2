using MixAttention.Compute.Attention;
using static TorchSharp.torch;

namespace MixAttention.Compute.Tests.Attention;

public sealed class ThreadCountTests : IDisposable
{
    [Fact]
    public void Attention_has_the_same_bits_on_one_thread_as_on_two()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(9);
        var shape = new AttentionShape(8, 2, 32, 0.2, null, 100);
        var (q, k, v) = (randn(300, 8, 32), randn(399, 2, 32), randn(399, 2, 32));
        using var arena = new KvArena(2 * 1500 * 64, TestSetup.Device());
        arena.View(0, 3000, 1, 64).copy_(randn(3000, 1, 64));
        DecodeKv[] places = [new(0, 1000 * 64, 1000, 0), new(2000 * 64, 2500 * 64, 500, 0)];

        var runs = ((int[])[1, 2]).Select(threads =>
        {
            TorchRuntime.Initialize(threads);
            return (Prefill: PrefillAttention.Run(q, [new(k, v)], 99, 0, shape), Decode: DecodeAttention.Run(q.narrow(0, 0, 2), null, null, arena, places, shape));
        }).ToArray();

        Assert.True(runs[0].Prefill.eq(runs[1].Prefill).all().item<bool>());
        Assert.True(runs[0].Decode.eq(runs[1].Decode).all().item<bool>());
    }

    public void Dispose() => TorchRuntime.Initialize(2);
}
