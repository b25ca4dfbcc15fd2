using System.Security.Cryptography;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Checkpoints;

public sealed class RandomCheckpointTests
{
    private static readonly RandomCheckpointOptions Small = new() { Layers = 12, Width = 64, HeadDim = 16, FfnSize = 96, Vocabulary = 100, Window = 9, MaxLength = 256 };

    [Theory]
    [InlineData("MA-Offset", StoredType.BF16)]
    [InlineData("MA-Pairs", StoredType.F32)]
    [InlineData("Standard", StoredType.BF16)]
    [InlineData("SWA", StoredType.F32)]
    public void Write_makes_a_model_that_loads_with_the_presets_layout(string preset, StoredType type)
    {
        using var model = new TemporaryFolder();
        RandomCheckpoint.Write(model.Path, Small with { Preset = preset, Type = type });

        using var checkpoint = Checkpoint.Open(model.Path);
        var spec = DecoderSpecReader.Read(checkpoint.Config, [.. checkpoint.Tensors.Keys]);
        checkpoint.Verify(spec);

        Assert.Equal(LayoutPresets.Create(preset, 12, 9).Layers, spec.Layout.Layers);
        Assert.Equal((64, 100, 256, 4, 1, 16), (spec.Width, spec.VocabularySize, spec.MaxSequenceLength, spec.Layers[0].Attention.QueryHeads, spec.Layers[0].Attention.KvHeads, spec.Layers[0].Attention.HeadDim));
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(model.Path).Select(f => Path.GetFileName(f)).Order());
        Assert.All(checkpoint.Tensors.Values, t => Assert.Equal(type, t.Type));
    }

    [Fact]
    public void Write_with_a_seed_gives_the_same_bytes_on_every_machine()
    {
        // The digest was computed once; it changes only with the generator, the rounding or the tensors' order.
        Assert.Equal("4dac5dd380b161c6", DigestOf(Small));
        Assert.NotEqual(DigestOf(Small), DigestOf(Small with { Seed = 2 }));
    }

    [Fact]
    public unsafe void Write_draws_matrices_with_the_deviation_of_their_inputs()
    {
        using var model = new TemporaryFolder();
        RandomCheckpoint.Write(model.Path, Small with { Type = StoredType.F32, Vocabulary = 1000 });
        using var checkpoint = Checkpoint.Open(model.Path);

        Assert.Equal(1 / Math.Sqrt(64), Deviation("lm_head.weight"), 0.002);
        Assert.Equal(1 / Math.Sqrt(96), Deviation("transformer.blocks.3.ffn.down_proj.weight"), 0.003);
        Assert.Equal(1, Deviation("transformer.wte.weight"), 0.02);
        Assert.All(Values("transformer.blocks.0.norm_1.weight"), value => Assert.Equal(1, value));

        double Deviation(string name)
        {
            float[] values = Values(name);
            double mean = values.Average();
            Assert.Equal(0, mean, 0.01);
            return Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
        }

        float[] Values(string name)
        {
            var tensor = checkpoint.Tensors[name];
            return new ReadOnlySpan<float>(checkpoint.Pointer(tensor), (int)tensor.ElementCount).ToArray();
        }
    }

    [Fact]
    public void Write_into_a_folder_that_is_not_empty_is_refused()
    {
        using var model = new TemporaryFolder();
        model.Write("config.json", "{}");

        Assert.Contains("is not empty. Give a new folder or empty it.", Assert.Throws<IOException>(() => RandomCheckpoint.Write(model.Path, Small)).Message, StringComparison.Ordinal);
        Assert.Contains("is a file", Assert.Throws<IOException>(() => RandomCheckpoint.Write(Path.Combine(model.Path, "config.json"), Small)).Message, StringComparison.Ordinal);
        Assert.Equal(["config.json"], Directory.GetFiles(model.Path).Select(f => Path.GetFileName(f)));
    }

    [Fact]
    public void Write_of_sizes_that_do_not_fit_writes_nothing()
    {
        using var model = new TemporaryFolder();
        string folder = Path.Combine(model.Path, "new");

        Assert.Contains("5 heads of 16 make 80", Assert.Throws<ConfigException>(() => RandomCheckpoint.Write(folder, Small with { Heads = 5 })).Message, StringComparison.Ordinal);
        Assert.Contains("kv_n_heads is 3", Assert.Throws<ConfigException>(() => RandomCheckpoint.Write(folder, Small with { KvHeads = 3 })).Message, StringComparison.Ordinal);
        Assert.Contains("must be BF16 or F32", Assert.Throws<ConfigException>(() => RandomCheckpoint.Write(folder, Small with { Type = StoredType.F16 })).Message, StringComparison.Ordinal);
        Assert.Contains("12 and 18", Assert.Throws<LayoutException>(() => RandomCheckpoint.Write(folder, Small with { Layers = 13 })).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }

    [Theory]
    [InlineData(256, null, null, 4, 64)]
    [InlineData(192, 2, null, 2, 96)]
    [InlineData(96, null, 32, 3, 32)]
    public void Write_chooses_heads_from_what_is_given(int width, int? heads, int? headDim, int expectedHeads, int expectedHeadDim)
    {
        using var model = new TemporaryFolder();
        string folder = Path.Combine(model.Path, "new");

        RandomCheckpoint.Write(folder, Small with { Preset = "SWA", Layers = 1, Width = width, Heads = heads, HeadDim = headDim, FfnSize = null });

        using var checkpoint = Checkpoint.Open(folder);
        var attention = DecoderSpecReader.Read(checkpoint.Config, []).Layers[0].Attention;
        Assert.Equal((expectedHeads, expectedHeadDim, expectedHeads % 4 == 0 ? expectedHeads / 4 : expectedHeads), (attention.QueryHeads, attention.HeadDim, attention.KvHeads));
    }

    private static string DigestOf(RandomCheckpointOptions options)
    {
        using var model = new TemporaryFolder();
        string folder = Path.Combine(model.Path, "new");
        RandomCheckpoint.Write(folder, options);
        return Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "model.safetensors"))))[..16];
    }
}
