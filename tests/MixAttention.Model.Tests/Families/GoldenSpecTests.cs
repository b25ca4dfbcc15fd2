using System.Text.Json;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;
using MixAttention.Tests;

namespace MixAttention.Model.Tests.Families;

public sealed class GoldenSpecTests
{
    public static TheoryData<string> Cases => [.. GoldenFolder.Cases];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Read_of_a_golden_case_gives_its_layers(string name)
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Of(name));
        using var golden = ReadGolden(name);

        var spec = DecoderSpecReader.Read(checkpoint.Config, [.. checkpoint.Tensors.Keys]);

        var expected = golden.RootElement.GetProperty("kv").GetProperty("layers").EnumerateArray().ToList();
        Assert.Equal(expected.Count, spec.Layers.Count);
        Assert.Equal(golden.RootElement.GetProperty("vocab_size").GetInt32(), spec.VocabularySize);
        Assert.Equal([golden.RootElement.GetProperty("eos_token_id").GetInt32()], spec.EndTokenIds);
        for (int layer = 0; layer < expected.Count; layer++)
        {
            var attention = spec.Layers[layer].Attention;
            var actual = (spec.Layout[layer].Window, spec.Layout[layer].KvOwner, spec.Layout.OwnsKv(layer), attention.Key is not null, attention.Rope is not null, attention.KvHeads, attention.HeadDim);
            Assert.Equal(Describe(expected[layer]), actual);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Verify_of_a_golden_case_finds_no_problem(string name)
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Of(name));

        checkpoint.Verify(DecoderSpecReader.Read(checkpoint.Config, [.. checkpoint.Tensors.Keys]));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Geometry_of_a_golden_case_counts_its_ideal_bytes(string name)
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Of(name));
        using var golden = ReadGolden(name);
        var spec = DecoderSpecReader.Read(checkpoint.Config, [.. checkpoint.Tensors.Keys]);
        var kv = golden.RootElement.GetProperty("kv");

        // The goldens count rows in use, so a ring counts no more rows than there are tokens.
        var geometry = new KvGeometry(spec, bytesPerElement: 2);
        var bytes = kv.GetProperty("lengths").EnumerateArray().Select(l => l.GetInt32())
            .Select(length => geometry.Owners.Sum(o => 2L * 2 * o.RowElements * Math.Min(length, o.Rows(length))));

        Assert.Equal(kv.GetProperty("ideal_bytes").EnumerateArray().Select(b => b.GetInt64()), bytes);
    }

    private static (int?, int, bool, bool, bool, int, int) Describe(JsonElement layer)
    {
        int? visible = layer.GetProperty("visible").ValueKind == JsonValueKind.Null ? null : layer.GetProperty("visible").GetInt32();
        bool owns = layer.GetProperty("owns_kv").GetBoolean();
        return (visible, layer.GetProperty("owner").GetInt32(), owns, owns, layer.GetProperty("rope").GetBoolean(), layer.GetProperty("kv_heads").GetInt32(), layer.GetProperty("head_dim").GetInt32());
    }

    private static JsonDocument ReadGolden(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(GoldenFolder.Of(name), "golden.json")));
}
