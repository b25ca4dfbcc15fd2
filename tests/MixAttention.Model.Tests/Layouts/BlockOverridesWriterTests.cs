using System.Text.Json;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Layouts;

public sealed class BlockOverridesWriterTests
{
    public static TheoryData<string> Names => [.. LayoutPresets.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Write_of_a_preset_reads_back_as_the_same_layout(string name)
    {
        var layout = LayoutPresets.Create(name, 24, 17);

        using var json = JsonDocument.Parse(BlockOverridesWriter.Write(layout)?.ToJsonString() ?? "null");

        Assert.Equal(layout.Layers, LayoutReaders.FromBlockOverrides(json.RootElement, 24).Layers);
    }

    [Fact]
    public void Write_keeps_windows_of_different_sizes_apart()
    {
        var layout = new AttentionLayout([new(4, 0), new(8, 1), new(8, 1), new(4, 0), new(null, 4)]);

        using var json = JsonDocument.Parse(BlockOverridesWriter.Write(layout)!.ToJsonString());

        Assert.Equal(layout.Layers, LayoutReaders.FromBlockOverrides(json.RootElement, 5).Layers);
    }
}
