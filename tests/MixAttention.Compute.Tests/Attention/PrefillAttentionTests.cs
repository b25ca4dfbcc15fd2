using MixAttention.Compute.Attention;
using static TorchSharp.torch;

namespace MixAttention.Compute.Tests.Attention;

public class PrefillAttentionTests
{
    // past keys, queries, window
    public static TheoryData<int, int, int?> Cases
    {
        get
        {
            var cases = new TheoryData<int, int, int?>();
            foreach (int? window in (int?[])[null, 1, 2, 7, 8, 9, 40])
            {
                foreach (var (past, queries) in ((int, int)[])[(0, 1), (0, 7), (0, 8), (0, 150), (5, 9), (39, 1), (39, 131), (200, 64)])
                    cases.Add(past, queries, window);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tiles_equal_the_definition(int past, int queries, int? window)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(past + queries);
        foreach (var (heads, kvHeads, softcap) in ((int, int, double?)[])[(4, 2, null), (3, 3, 5.0), (6, 1, null)])
        {
            var shape = new AttentionShape(heads, kvHeads, 16, 0.3, softcap, window);
            // A scratch holds only what the queries can see: window − 1 rows before the first one.
            int firstKey = window is { } w ? Math.Max(0, past - (w - 1)) : 0;
            var q = randn(queries, heads, 16);
            var k = randn(past + queries - firstKey, kvHeads, 16);
            var v = randn(past + queries - firstKey, kvHeads, 16);
            var expected = ReferenceAttention.Run(q, k, v, past, firstKey, shape);
            Assert.InRange(ReferenceAttention.Far(expected, PrefillAttention.Run(q, [new(k, v)], past, firstKey, shape)), 0, 2e-5);
            Assert.InRange(ReferenceAttention.Far(expected, PrefillAttention.Portable(q, [new(k, v)], past, firstKey, shape, ScalarType.Float32)), 0, 2e-5);
        }
    }

    [Fact]
    public void NaN_in_a_key_shows_in_the_queries_that_see_it_and_nowhere_else()
    {
        using var scope = NewDisposeScope();
        var shape = new AttentionShape(4, 2, 16, 0.3, null, 40);
        var (q, k, v) = (randn(150, 4, 16), randn(150, 2, 16), randn(150, 2, 16));
        k[70, 0, 3] = float.NaN;
        var broken = PrefillAttention.Run(q, [new(k, v)], 0, 0, shape).isnan();
        Assert.True(broken.narrow(0, 70, 40).narrow(1, 0, 2).all().item<bool>());
        Assert.Equal(40 * 2 * 16, broken.sum().item<long>());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Keys_in_two_pieces_leave_the_bits(ScalarType type)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(8);
        var shape = new AttentionShape(4, 2, 16, 0.3, null, null);
        var q = randn(70, 4, 16);
        var k = randn(270, 2, 16).to(type);
        var v = randn(270, 2, 16).to(type);
        var expected = PrefillAttention.Run(q, [new(k, v)], 200, 0, shape);
        var expectedPortable = PrefillAttention.Portable(q, [new(k, v)], 200, 0, shape, type);
        // Around the edges of blocks; copies, so that the second piece does not happen to lie behind the first one.
        foreach (int first in (int[])[1, 63, 64, 65, 130, 192, 200])
        {
            KvPiece[] pieces = [Piece(0, first), Piece(first, 270 - first)];
            Assert.True(expected.eq(PrefillAttention.Run(q, pieces, 200, 0, shape)).all().item<bool>(), $"kernel, cut at {first}");
            Assert.True(expectedPortable.eq(PrefillAttention.Portable(q, pieces, 200, 0, shape, type)).all().item<bool>(), $"portable, cut at {first}");
        }

        KvPiece Piece(int from, int rows) => new(k.narrow(0, from, rows).clone(), v.narrow(0, from, rows).clone());
    }

    [Fact]
    public void Bfloat16_keys_are_read_exactly_and_bfloat16_scores_stay_near()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var shape = new AttentionShape(4, 2, 32, 0.17, null, 50);
        var q = randn(90, 4, 32);
        var k = randn(139, 2, 32).to(ScalarType.BFloat16);
        var v = randn(139, 2, 32).to(ScalarType.BFloat16);
        var expected = ReferenceAttention.Run(q, k, v, 49, 0, shape);
        Assert.InRange(ReferenceAttention.Far(expected, PrefillAttention.Run(q, [new(k, v)], 49, 0, shape)), 0, 2e-5);
        Assert.InRange(ReferenceAttention.Far(expected, PrefillAttention.Portable(q, [new(k, v)], 49, 0, shape, ScalarType.BFloat16)), 0, 3e-2);
    }

    [Fact]
    public void Long_contexts_are_tiled_without_changing_the_result()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        var shape = new AttentionShape(8, 1, 16, 0.25, null, null);
        var q = randn(40, 8, 16);
        var k = randn(6040, 1, 16);
        var v = randn(6040, 1, 16);
        var whole = PrefillAttention.Run(q, [new(k, v)], 6000, 0, shape);
        var last = PrefillAttention.Run(q.narrow(0, 33, 7), [new(k, v)], 6033, 0, shape);
        Assert.True((whole.narrow(0, 33, 7) - last).abs().max().item<float>() < 1e-5);
        var expected = ReferenceAttention.Run(q, k, v, 6000, 0, shape);
        Assert.InRange(ReferenceAttention.Far(expected, whole), 0, 2e-5);
    }
}
