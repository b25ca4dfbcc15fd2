using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Layouts;

public sealed class KvGeometryTests
{
    [Theory]
    [InlineData("Standard", 1179.6)]
    [InlineData("SWA", 37.7)]
    [InlineData("MA", 61.7)]
    [InlineData("MA-EndSlide", 61.7)]
    [InlineData("MA-Offset", 61.7)]
    [InlineData("MA-Pairs", 110.9)]
    [InlineData("MA-Successive-2", 110.9)]
    [InlineData("MA-NoShare-3", 64.9)]
    [InlineData("MA-Offset-SlideShare", 55.4)]
    [InlineData("MA-Pairs-SlideShare", 104.6)]
    public void Bytes_of_the_papers_model_at_32000_tokens_are_the_derived_ones(string preset, double megabytes) =>
        Assert.Equal(megabytes, Math.Round(Paper(preset, window: 1024).Bytes(32_000) / 1e6, 1));

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public void Elements_count_whole_rings_and_as_many_slab_rows_as_tokens(int tokens)
    {
        var geometry = new KvGeometry(LayoutReaders.FromLckv("0_1s_1s_0", 8), kvHeads: 2, headDim: 4, bytesPerElement: 4);

        Assert.Equal(2 * 8 * (tokens + 8), geometry.Elements(tokens));
        Assert.Equal(4 * geometry.Elements(tokens), geometry.Bytes(tokens));
        Assert.Equal((64, 512), (geometry.BytesPerToken, geometry.RingBytes));
    }

    [Fact]
    public void KeyOffset_places_owners_one_behind_the_other()
    {
        var geometry = Paper("MA-Pairs", window: 1025);

        for (int owner = 0; owner < geometry.Owners.Count; owner++)
        {
            long end = geometry.KeyOffset(owner, 5000) + (2 * geometry.Owners[owner].Rows(5000) * geometry.Owners[owner].RowElements);
            Assert.Equal(owner + 1 < geometry.Owners.Count ? geometry.KeyOffset(owner + 1, 5000) : geometry.Elements(5000), end);
        }

        Assert.Equal([12, 12, 13, 21], new[] { 12, 18, 14, 23 }.Select(layer => geometry.Owners[geometry.OwnerIndex(layer)].Layer));
    }

    [Fact]
    public void Locate_places_values_behind_the_keys_of_their_owner()
    {
        var geometry = new KvGeometry(LayoutReaders.FromLckv("0_1s_1s_0", 8), kvHeads: 2, headDim: 4, bytesPerElement: 4);
        var region = new KvRegion(1000, 5, PrefixOffset: 200, PrefixTokens: 7);

        Assert.Equal(((1000, 1040), (1080, 1144)), (geometry.Locate(0, region), geometry.Locate(1, region)));
        Assert.Equal(((200, 256), (312, 376)), (geometry.Locate(0, region.Prefix), geometry.Locate(1, region.Prefix)));
    }

    private static KvGeometry Paper(string preset, int window) => new(LayoutPresets.Create(preset, 24, window), kvHeads: 3, headDim: 128, bytesPerElement: 2);
}
