using MixAttention.Compute.Attention;
using static TorchSharp.torch;

namespace MixAttention.Compute.Tests.Attention;

public class DecodeAttentionTests
{
    public static TheoryData<int, int, int, double?, bool> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, int, int, double?, bool>();
            foreach (bool bFloat16 in (bool[])[false, true])
            {
                foreach (var (heads, kvHeads, d) in ((int, int, int)[])[(8, 2, 64), (6, 2, 32), (3, 3, 8), (8, 1, 128), (5, 1, 24), (16, 1, 16), (4, 1, 256)])
                {
                    shapes.Add(heads, kvHeads, d, null, bFloat16);
                    shapes.Add(heads, kvHeads, d, 4.0, bFloat16);
                }
            }

            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Simd_kernel_equals_the_portable_form(int heads, int kvHeads, int d, double? softcap, bool bFloat16)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(heads * d);
        var shape = new AttentionShape(heads, kvHeads, d, 1 / Math.Sqrt(d), softcap, null);
        using var arena = Arena(20000, kvHeads * d, bFloat16);
        var places = Places(kvHeads * d, [1, 2, 63, 64, 65, 511, 512, 513, 1500, 700]);
        var (q, k, v) = (randn(places.Length, heads, d), randn(places.Length, kvHeads, d), randn(places.Length, kvHeads, d));
        var simd = DecodeAttention.Run(q, k, v, arena, places, shape);
        var stored = arena.View(places[8].KeyOffset + (long)places[8].NewRow * kvHeads * d, 1, kvHeads, d).clone();
        var portable = DecodeAttention.Portable(q, k, v, arena, places, shape);
        var storedByTorch = arena.View(places[8].KeyOffset + (long)places[8].NewRow * kvHeads * d, 1, kvHeads, d);
        Assert.True(stored.eq(storedByTorch).all().item<bool>()); // rounding to bfloat16 included
        Assert.True((simd - portable).abs().max().item<float>() < 2e-5);
    }

    [Theory]
    [InlineData(8, 2, null)]
    [InlineData(8, 2, 4.0)]
    [InlineData(3, 3, null)]
    public void NaN_in_a_key_shows_in_the_heads_that_read_it_and_nowhere_else(int heads, int kvHeads, double? softcap)
    {
        using var scope = NewDisposeScope();
        const int D = 16;
        var shape = new AttentionShape(heads, kvHeads, D, 0.2, softcap, null);
        using var arena = Arena(20000, kvHeads * D, bFloat16: false);
        var places = Places(kvHeads * D, [70, 600, 70]);
        using var key = arena.View(places[1].KeyOffset + (300L * kvHeads * D), 1, kvHeads, D);
        key[0, 0, 3] = float.NaN;
        var broken = DecodeAttention.Run(randn(places.Length, heads, D), null, null, arena, places, shape).isnan().view(places.Length, heads, D);
        Assert.True(broken[1].narrow(0, 0, heads / kvHeads).all().item<bool>());
        Assert.Equal(heads / kvHeads * D, broken.sum().item<long>());
    }

    [Fact]
    public void A_sequence_has_the_same_bits_in_any_company()
    {
        using var scope = NewDisposeScope();
        var shape = new AttentionShape(8, 2, 32, 0.2, null, null);
        using var arena = Arena(20000, 64, bFloat16: true);
        var places = Places(64, [600, 1, 300, 1500, 64, 65, 512, 5]);
        var q = randn(places.Length, 8, 32);
        var together = DecodeAttention.Run(q, null, null, arena, places, shape);
        for (int s = 0; s < places.Length; s++)
        {
            var alone = DecodeAttention.Run(q.narrow(0, s, 1), null, null, arena, [places[s]], shape);
            Assert.True(alone[0].eq(together[s]).all().item<bool>());
        }
    }

    [Theory]
    [InlineData(8, 2, 32, true)]
    [InlineData(5, 1, 24, false)]
    [InlineData(3, 3, 16, false)]
    public void A_prefix_that_lies_elsewhere_leaves_the_bits(int heads, int kvHeads, int d, bool bFloat16)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(heads);
        var shape = new AttentionShape(heads, kvHeads, d, 0.2, null, null);
        const int Rows = 600;
        int width = kvHeads * d;
        using var arena = Arena(4 * Rows, width, bFloat16);
        var whole = new DecodeKv(0, (long)Rows * width, Rows, Rows - 1);
        var (q, k, v) = (randn(1, heads, d), randn(1, kvHeads, d), randn(1, kvHeads, d));
        var expected = DecodeAttention.Run(q, k, v, arena, [whole], shape);
        var expectedPortable = DecodeAttention.Portable(q, k, v, arena, [whole], shape);
        // Around the edges of blocks and items.
        foreach (int prefix in (int[])[1, 31, 32, 33, 255, 256, 257, 400, 599])
        {
            int own = Rows - prefix;
            long ownKeys = 2L * Rows * width, ownValues = ownKeys + ((long)own * width);
            arena.Copy((long)prefix * width, ownKeys, (long)own * width);
            arena.Copy((long)(Rows + prefix) * width, ownValues, (long)own * width);
            arena.View(ownKeys + ((own - 1L) * width), 1, kvHeads, d).zero_(); // the new row is written there
            var split = new DecodeKv(ownKeys, ownValues, Rows, own - 1, new DecodePrefix(0, (long)Rows * width, prefix));
            Assert.True(expected.eq(DecodeAttention.Run(q, k, v, arena, [split], shape)).all().item<bool>(), $"kernel, prefix of {prefix}");
            Assert.True(expectedPortable.eq(DecodeAttention.Portable(q, k, v, arena, [split], shape)).all().item<bool>(), $"portable, prefix of {prefix}");
        }
    }

    [Fact]
    public void Borrowers_write_nothing()
    {
        using var scope = NewDisposeScope();
        var shape = new AttentionShape(4, 2, 16, 0.2, null, null);
        using var arena = Arena(200, 32, bFloat16: false);
        var before = arena.View(0, 200, 2, 16).clone();
        DecodeAttention.Run(randn(1, 4, 16), null, null, arena, Places(32, [50]), shape);
        Assert.True(before.eq(arena.View(0, 200, 2, 16)).all().item<bool>());
    }

    private static KvArena Arena(int rows, int width, bool bFloat16)
    {
        var arena = new KvArena((long)rows * width, TestSetup.Device(bFloat16 ? Precision.BFloat16 : Precision.Float32));
        arena.View(0, rows, 1, width).copy_(randn(rows, 1, width));
        return arena;
    }

    private static DecodeKv[] Places(int width, int[] rows)
    {
        var places = new List<DecodeKv>();
        long offset = 0;
        foreach (int count in rows)
        {
            places.Add(new DecodeKv(offset, offset + (long)count * width, count, count / 2));
            offset += 2L * count * width;
        }

        return [.. places];
    }
}
