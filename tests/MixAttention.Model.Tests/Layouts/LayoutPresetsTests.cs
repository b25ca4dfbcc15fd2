using CsCheck;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Layouts;

public sealed class LayoutPresetsTests
{
    public static TheoryData<string> Names => [.. PaperVariants.Names];

    [Fact]
    public void Names_are_the_papers_fifteen() => Assert.Equal(PaperVariants.Names.Order(), LayoutPresets.Names.Order());

    [Theory]
    [MemberData(nameof(Names))]
    public void Create_with_24_layers_gives_the_papers_layout(string name) =>
        Assert.Equal(PaperVariants.Of(name).Layers, LayoutPresets.Create(name, 24, PaperVariants.Window).Layers);

    [Theory]
    [InlineData("MA-Offset", 12, "0s_0s_2s_2s_2s_5_6s_6s_8s_8s_8s_5")] // the demo model
    [InlineData("MA-Offset", 6, "0s_0s_2s_2s_2s_5")]
    [InlineData("MA", 6, "0_1s_1s_3s_3s_0")]
    [InlineData("MA", 13, "0_1s_1s_3s_3s_3s_0_7s_7s_9s_9s_9s_0")]
    [InlineData("MA-EndSlide", 12, "0_1s_1s_3s_3s_3s_0_7s_7s_9s_9s_9s")]
    [InlineData("MA-Pairs", 12, "0_1s_1s_3s_3s_3s_0_7s_7s_9s_9s_9s")]
    [InlineData("MA-Pairs-SlideShare", 12, "0_1s_1s_1s_1s_1s_0_7s_7s_7s_7s_7s")]
    [InlineData("MA-Successive-1", 12, "0_0_2s_2s_4s_4s_4s_7s_7s_9s_9s_9s")]
    [InlineData("MA-Successive-4", 12, "0s_0s_2s_2s_2s_5s_5s_7s_7s_7s_10_10")]
    [InlineData("MA-NoShare-1", 9, "0s_0s_2s_3_4s_4s_4s_7s_7s")]
    [InlineData("MA-NoShare-2", 14, "0s_0s_2s_2s_2s_5_6s_6s_8s_8s_8s_11s_11s_13s")]
    [InlineData("MA-NoShare-3", 9, "0s_0s_2s_2s_2s_5_6s_7s_7s")]
    [InlineData("SWA", 3, "0s_1s_2s")]
    [InlineData("Standard", 1, "0")]
    public void Create_with_another_count_goes_on_with_the_pattern(string name, int layers, string expected) =>
        Assert.Equal(expected, LayoutPresets.Create(name, layers, 8).ToString());

    [Fact]
    public void Create_takes_a_name_in_any_case_and_the_window_as_visible_keys()
    {
        var layout = LayoutPresets.Create("ma-offset-SLIDESHARE", 6, 8);

        Assert.Equal("0s_0s_0s_0s_0s_5", layout.ToString());
        Assert.Equal(8, layout[0].Window);
    }

    [Theory]
    [InlineData("MA-Offset", 22, "18 and 24")]
    [InlineData("MA-Pairs", 22, "12 and 24")]
    [InlineData("MA", 23, "19 and 24")]
    [InlineData("MA-Successive-2", 12, "24")]
    [InlineData("MA-NoShare-2", 25, "24 and 29")]
    [InlineData("MA-NoShare-1", 4, "9")]
    public void Create_with_a_count_outside_the_pattern_names_the_nearest_counts(string name, int layers, string nearest)
    {
        var error = Assert.Throws<LayoutException>(() => LayoutPresets.Create(name, layers, 8));

        Assert.Equal($"The preset {name} cannot have {layers} layers. The nearest counts that its pattern admits are {nearest}.", error.Message);
    }

    [Theory]
    [InlineData("MA-Offsets", 24, 8, "There is no preset MA-Offsets. Use one of Standard, SWA,")]
    [InlineData("MA", 0, 8, "cannot have 0 layers. Use 1 to 4096.")]
    [InlineData("MA", 5000, 8, "cannot have 5000 layers. Use 1 to 4096.")]
    [InlineData("MA", 24, 0, "The window is 0 keys")]
    public void Create_with_a_wrong_argument_says_what_is_allowed(string name, int layers, int window, string part) =>
        Assert.Contains(part, Assert.Throws<LayoutException>(() => LayoutPresets.Create(name, layers, window)).Message, StringComparison.Ordinal);

    [Fact]
    public void Create_gives_the_asked_layers_or_nearest_counts_that_work() =>
        Gen.Select(Gen.Int[0, 14].Select(i => LayoutPresets.Names[i]), Gen.Int[1, 200]).Sample((name, layers) =>
        {
            try
            {
                return LayoutPresets.Create(name, layers, 8).LayerCount == layers;
            }
            catch (LayoutException e)
            {
                var nearest = e.Message.Split(" are ")[1].TrimEnd('.').Split(" and ").Select(int.Parse).ToList();
                return nearest.All(n => LayoutPresets.Create(name, n, 8).LayerCount == n);
            }
        });
}
