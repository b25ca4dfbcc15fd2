using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Layouts;

public sealed class AttentionLayoutTests
{
    [Fact]
    public void Constructor_lists_everything_that_is_wrong()
    {
        LayerAttention[] layers = [new(null, 0), new(0, 1), new(null, 5), new(null, 4), new(null, 0), new(null, 4), new(8, 0)];

        Assert.Equal(
            [
                "Layer 1 has a window of 0 keys. A window counts the query itself, so give 1 or more, or none for full attention.",
                "Layer 2 borrows KV from layer 5, which comes after it. Name an earlier layer that owns its KV.",
                "Layer 3 borrows KV from layer 4, which comes after it. Name an earlier layer that owns its KV.",
                "Layer 5 borrows KV from layer 4, which itself borrows from layer 0. Name layer 0.",
                "Layer 6 sees 8 keys but borrows KV from layer 0, which sees all keys. Give both the same window.",
            ],
            Assert.Throws<LayoutException>(() => new AttentionLayout(layers)).Problems);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void Constructor_refuses_an_owner_that_does_not_exist(int owner) =>
        Assert.Contains($"Layer 0 borrows KV from layer {owner}, which does not exist", Assert.Throws<LayoutException>(() => new AttentionLayout([new(null, owner)])).Message, StringComparison.Ordinal);

    [Fact]
    public void Constructor_refuses_no_layers() =>
        Assert.Equal("The layout has no layers. Give at least one.", Assert.Throws<LayoutException>(() => new AttentionLayout([])).Message);

    [Fact]
    public void Owners_and_their_last_readers_follow_from_the_layers()
    {
        var layout = PaperVariants.Of("MA-Offset");

        Assert.Equal([0, 2, 5, 6, 8, 12, 14, 18, 20], layout.Owners);
        Assert.Equal([1, 4, 23, 7, 10, 13, 16, 19, 22], layout.Owners.Select(layout.LastReader));
        Assert.Equal("0s_0s_2s_2s_2s_5_6s_6s_8s_8s_8s_5_12s_12s_14s_14s_14s_5_18s_18s_20s_20s_20s_5", layout.ToString());
    }
}
