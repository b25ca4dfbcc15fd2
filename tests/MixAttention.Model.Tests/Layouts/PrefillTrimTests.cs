using CsCheck;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Layouts;

public sealed class PrefillTrimTests
{
    [Fact]
    public void Create_for_MA_Pairs_keeps_the_rows_of_the_published_example()
    {
        const int length = 31_000;

        var trim = PrefillTrim.Create(PaperVariants.Of("MA-Pairs"), length);

        int[] queries = [.. Enumerable.Repeat(length, 12), 4097, 3073, 3073, 2049, 2049, 2049, 2049, 1025, 1025, 1, 1, 1];
        Assert.Equal(queries, Enumerable.Range(0, 24).Select(layer => length - trim.QueryStart(layer)));
        Assert.Equal([length, 4097, 3073, 2049, 1025], new[] { 12, 13, 15, 19, 21 }.Select(layer => length - trim.KvStart(layer)));
    }

    [Fact]
    public void Create_for_trailing_borrowers_runs_them_for_the_last_token_only()
    {
        // Gemma 4: the last layers share, so only owners write and only up to the last of them.
        string[] types = [.. Enumerable.Range(0, 15).Select(i => (i + 1) % 5 == 0 ? "full_attention" : "sliding_attention")];
        var layout = LayoutReaders.FromLayerTypes(types, 7, sharedLayers: 5);

        var trim = PrefillTrim.Create(layout, 100);

        Assert.All(Enumerable.Range(10, 5), layer => Assert.Equal((99, 100), (trim.QueryStart(layer), trim.KvStart(layer))));
        Assert.Equal((99, 0), (trim.QueryStart(9), trim.KvStart(9))); // the last full owner writes all rows, but needs one output
        Assert.Equal((0, 0), (trim.QueryStart(4), trim.KvStart(4)));
    }

    [Fact]
    public void Create_for_YOCO_runs_the_upper_half_for_the_last_token_only()
    {
        var layout = LayoutReaders.FromLckv("0s_1s_2s_3_3_3_3", 4);

        var trim = PrefillTrim.Create(layout, 50);

        Assert.Equal([0, 0, 0, 49, 49, 49, 49], Enumerable.Range(0, 7).Select(trim.QueryStart));
        Assert.Equal([0, 0, 0, 0, 50, 50, 50], Enumerable.Range(0, 7).Select(trim.KvStart));
    }

    [Fact]
    public void Create_for_any_layout_keeps_what_each_position_reads() =>
        Gen.Select(Gen.Int[0, 14].Select(i => LayoutPresets.Names[i]), Gen.Int[1, 12], Gen.Int[1, 60]).Sample((name, window, length) =>
        {
            var layout = LayoutPresets.Create(name, 24, window);
            var trim = PrefillTrim.Create(layout, length);

            Assert.Equal(length - 1, trim.QueryStart(23));
            for (int layer = 0; layer < 24; layer++)
            {
                int start = trim.QueryStart(layer), owner = layout[layer].KvOwner;
                int firstSeen = layout[layer].Window is { } w ? Math.Max(0, start - w + 1) : 0;
                Assert.True(trim.KvStart(owner) <= firstSeen, $"layer {layer} reads rows that layer {owner} does not write");
                if (layer > 0)
                    Assert.True(trim.QueryStart(layer - 1) <= Math.Min(start, trim.KvStart(layer)), $"layer {layer} needs outputs that layer {layer - 1} does not compute");
                // A later token sees the last window - 1 rows of a ring.
                if (layout[layer].Window is { } ring && layout.OwnsKv(layer))
                    Assert.True(trim.KvStart(layer) <= Math.Max(0, length - ring + 1));
            }
        });

    // What a shared prefix rests on: run as the shortest prompt behind it asks, it holds all that a longer one reads.
    [Fact]
    public void Create_for_a_longer_prompt_never_starts_earlier() =>
        Gen.Select(Gen.Int[0, 14].Select(i => LayoutPresets.Names[i]), Gen.Int[1, 12], Gen.Int[1, 60], Gen.Int[0, 60]).Sample((name, window, length, more) =>
        {
            var layout = LayoutPresets.Create(name, 24, window);
            var (shorter, longer) = (PrefillTrim.Create(layout, length), PrefillTrim.Create(layout, length + more));

            Assert.All(Enumerable.Range(0, 24), layer => Assert.True(shorter.QueryStart(layer) <= longer.QueryStart(layer)));
            Assert.All(layout.Owners, layer => Assert.True(shorter.KvStart(layer) <= longer.KvStart(layer)));
        });

    [Fact]
    public void SkippedRows_of_the_parts_of_a_prompt_add_up()
    {
        var trim = PrefillTrim.Create(LayoutReaders.FromLckv("0s_1s_2s_3_3_3_3", 4), 50);

        Assert.Equal(4 * 49, trim.SkippedRows(0, 50));
        Assert.Equal((4 * 20, 4 * 29, 0), (trim.SkippedRows(0, 20), trim.SkippedRows(20, 49), trim.SkippedRows(49, 50)));
    }

    [Fact]
    public void None_skips_nothing_but_the_rows_that_borrowers_do_not_have()
    {
        var trim = PrefillTrim.None(LayoutReaders.FromLckv("0_0", 4), 9);

        Assert.Equal([0, 0, 0, 9], [trim.QueryStart(0), trim.QueryStart(1), trim.KvStart(0), trim.KvStart(1)]);
    }
}
