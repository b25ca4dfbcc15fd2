using System.Diagnostics;
using CsCheck;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Families;
using MixAttention.Tests;

namespace MixAttention.Model.Tests.Checkpoints;

public sealed class CheckpointTests
{
    private static readonly byte[] Weights = SafetensorsBytes.Valid(("a", "F32", [2]), ("b", "BF16", [3]));

    [Fact]
    public unsafe void Pointer_reaches_the_stored_bytes()
    {
        using var model = Model(Weights, """{"x": 1}""");
        using var checkpoint = Checkpoint.Open(model.Path);

        var tensor = checkpoint.Tensors["b"];

        Assert.Equal(Weights[^6..], new ReadOnlySpan<byte>(checkpoint.Pointer(tensor), (int)tensor.ByteCount).ToArray());
        Assert.Equal(("b", StoredType.BF16, "model.safetensors", 6L), (tensor.Name, tensor.Type, tensor.File, tensor.ByteCount));
        Assert.Equal(1, checkpoint.Config.GetProperty("x").GetInt32());
    }

    [Fact]
    public unsafe void Pointer_outside_the_file_or_after_dispose_is_refused()
    {
        using var model = Model(Weights);
        var checkpoint = Checkpoint.Open(model.Path);
        var tensor = checkpoint.Tensors["b"];

        Assert.Throws<ArgumentOutOfRangeException>(() => { checkpoint.Pointer(tensor with { Offset = tensor.Offset + 1 }); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { checkpoint.Pointer(tensor with { Offset = -1 }); });
        checkpoint.Dispose();
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { checkpoint.Pointer(tensor); });
    }

    [Fact]
    public void Open_of_shards_joins_their_tensors()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Shipped("mpt-moe-ma-pairs"));

        Assert.Equal(3, checkpoint.Tensors.Values.Select(t => t.File).Distinct().Count());
    }

    [Fact]
    public void Open_without_a_folder_says_so() =>
        Assert.Contains("There is no such folder.", Problems("/nowhere/at/all").Single(), StringComparison.Ordinal);

    [Fact]
    public void Open_reports_everything_that_is_missing()
    {
        using var model = new TemporaryFolder();
        model.Write("pytorch_model.bin", "pickle");

        Assert.Equal(
            [
                "config.json: there is no such file. Give the folder of a Hugging Face checkpoint, with config.json and safetensors files.",
                "model.safetensors: there is neither this file nor model.safetensors.index.json. The folder has pytorch_model.bin, but pickled weights are never read: convert them to safetensors.",
            ],
            Problems(model.Path));
    }

    [Fact]
    public async Task Open_of_a_pipe_as_config_says_so()
    {
        using var model = Model(Weights);
        string config = Path.Combine(model.Path, "config.json");
        File.Delete(config);
        using (var mkfifo = Process.Start("mkfifo", [config]))
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);

        // Either end of a pipe opens when the other one does.
        var writing = Task.Run(() => new FileStream(config, FileMode.Open, FileAccess.Write, FileShare.ReadWrite), TestContext.Current.CancellationToken);

        Assert.StartsWith("config.json: the file cannot be read: ", Problems(model.Path).Single(), StringComparison.Ordinal);
        await (await writing).DisposeAsync();
    }

    [Theory]
    [InlineData("""{"a": """)]
    [InlineData("""{"a": "\ud800"}""")]
    [InlineData("""{"\udc00": 1}""")]
    [InlineData("")]
    public void Open_of_a_broken_config_says_so(string config)
    {
        using var model = Model(Weights, config);

        Assert.StartsWith("config.json: it is not valid JSON", Problems(model.Path).Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_compares_the_index_with_the_shards()
    {
        using var model = new TemporaryFolder();
        model.Write("config.json", "{}");
        model.Write("one.safetensors", SafetensorsBytes.Valid(("a", "F32", [2]), ("b", "F32", [1]), ("extra", "F32", [1])));
        model.Write("two.safetensors", SafetensorsBytes.Valid(("c", "F32", [2])));
        model.Write("model.safetensors.index.json", """
            {"weight_map": {"a": "one.safetensors", "b": "two.safetensors", "c": "two.safetensors", "d": "three.safetensors", "e": "../config.safetensors", "f": 7}}
            """);

        Assert.Equal(
            [
                "model.safetensors.index.json: weight_map names \"../config.safetensors\" as the file of e; only the name of a .safetensors file in the same folder is allowed. Correct the index.",
                "model.safetensors.index.json: weight_map names 7 as the file of f; only the name of a .safetensors file in the same folder is allowed. Correct the index.",
                "three.safetensors: model.safetensors.index.json names this shard, but there is no such file. Download it into the folder.",
                "one.safetensors: it holds tensor b, which model.safetensors.index.json places in two.safetensors. Correct the index or the shard.",
                "one.safetensors: it holds tensor extra, which model.safetensors.index.json does not name. Add it to the index or remove it from the shard.",
                "two.safetensors: model.safetensors.index.json places tensor b in it, but it is not there. Download the shard again or correct the index.",
            ],
            Problems(model.Path));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"metadata": {}}""")]
    [InlineData("""{"weight_map": 5}""")]
    public void Open_of_an_index_without_a_map_says_so(string index)
    {
        using var model = new TemporaryFolder();
        model.Write("config.json", "{}");
        model.Write("model.safetensors.index.json", index);

        Assert.Contains("it has no object weight_map", Problems(model.Path).Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, SafetensorsError.HeaderTooSmall)]
    [InlineData(7, SafetensorsError.HeaderTooSmall)]
    [InlineData(8, SafetensorsError.InvalidHeaderLength)]
    public void Open_of_a_cut_file_names_the_error(int length, SafetensorsError error)
    {
        using var model = Model(Weights[..length]);

        Assert.Equal(error, Assert.Throws<CheckpointException>(() => Checkpoint.Open(model.Path)).Error);
    }

    [Fact]
    public void Open_of_any_mutated_file_throws_nothing_but_its_own_exception_and_reads_inside_the_file() =>
        Gen.Select(Gen.Int[0, Weights.Length], Gen.Select(Gen.Int[0, Weights.Length - 1], Gen.Byte).Array[0, 4]).Sample(OpenMutated, iter: 300);

    [Fact]
    public void Verify_reports_all_missing_extra_misshapen_and_unusable_tensors()
    {
        var shapes = LlamaTensors();
        shapes.Remove("model.norm.weight");
        shapes["model.layers.0.self_attn.q_proj.weight"] = ("F32", [4, 5]);
        shapes["model.layers.0.mlp.up_proj.weight"] = ("I32", [8, 4]);
        shapes["model.layers.0.self_attn.q_proj.bias"] = ("F32", [4]);
        shapes["model.layers.1.input_layernorm.weight"] = ("F32", [4]);
        shapes["model.layers.0.self_attn.rotary_emb.inv_freq"] = ("F32", [1]);

        var error = Assert.Throws<CheckpointException>(() => Verify(shapes));

        Assert.Equal(
            [
                "Tensor model.norm.weight [4] is missing. Check that config.json belongs to these weights.",
                "model.safetensors: tensor model.layers.0.mlp.up_proj.weight is I32; weights must be F32, F16 or BF16. Convert the checkpoint to one of them.",
                "model.safetensors: tensor model.layers.0.self_attn.q_proj.bias is not used by a llama model with this config.json. Check that config.json belongs to these weights.",
                "model.safetensors: tensor model.layers.0.self_attn.q_proj.weight has the shape [4, 5]; config.json asks for [4, 4]. Check that config.json belongs to these weights.",
                "model.safetensors: tensor model.layers.1.input_layernorm.weight is not used by a llama model with this config.json. Check that config.json belongs to these weights.",
            ],
            error.Problems.Select(p => p.Message).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Verify_of_the_right_tensors_finds_nothing() => Verify(LlamaTensors());

    private static TemporaryFolder Model(byte[] weights, string config = "{}")
    {
        var model = new TemporaryFolder();
        model.Write("config.json", config);
        model.Write("model.safetensors", weights);
        return model;
    }

    private static Dictionary<string, (string Type, int[] Shape)> LlamaTensors() => new()
    {
        ["model.embed_tokens.weight"] = ("F32", [6, 4]),
        ["lm_head.weight"] = ("BF16", [6, 4]),
        ["model.norm.weight"] = ("F32", [4]),
        ["model.layers.0.input_layernorm.weight"] = ("F32", [4]),
        ["model.layers.0.post_attention_layernorm.weight"] = ("F16", [4]),
        ["model.layers.0.self_attn.q_proj.weight"] = ("F32", [4, 4]),
        ["model.layers.0.self_attn.k_proj.weight"] = ("F32", [2, 4]),
        ["model.layers.0.self_attn.v_proj.weight"] = ("F32", [2, 4]),
        ["model.layers.0.self_attn.o_proj.weight"] = ("F32", [4, 4]),
        ["model.layers.0.mlp.gate_proj.weight"] = ("F32", [8, 4]),
        ["model.layers.0.mlp.up_proj.weight"] = ("F32", [8, 4]),
        ["model.layers.0.mlp.down_proj.weight"] = ("F32", [4, 8]),
    };

    private static void Verify(Dictionary<string, (string Type, int[] Shape)> tensors)
    {
        const string config = """
            {"model_type": "llama", "hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 6}
            """;
        using var model = Model(SafetensorsBytes.Valid([.. tensors.Select(t => (t.Key, t.Value.Type, t.Value.Shape))]), config);
        using var checkpoint = Checkpoint.Open(model.Path);
        checkpoint.Verify(DecoderSpecReader.Read(checkpoint.Config, [.. checkpoint.Tensors.Keys]));
    }

    private static unsafe void OpenMutated(int length, (int At, byte Value)[] changes)
    {
        byte[] file = [.. Weights];
        foreach (var (at, value) in changes)
            file[at] = value;
        using var model = Model(file[..length]);
        try
        {
            using var checkpoint = Checkpoint.Open(model.Path);
            foreach (var tensor in checkpoint.Tensors.Values)
                Assert.Equal(file.AsSpan((int)tensor.Offset, (int)tensor.ByteCount), new ReadOnlySpan<byte>(checkpoint.Pointer(tensor), (int)tensor.ByteCount));
        }
        catch (CheckpointException e)
        {
            Assert.NotNull(e.Error);
        }
    }

    private static IEnumerable<string> Problems(string folder) => Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder)).Problems.Select(p => p.Message);
}
