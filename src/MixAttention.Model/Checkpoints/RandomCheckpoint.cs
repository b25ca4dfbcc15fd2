using System.Text.Json;
using System.Text.Json.Nodes;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Checkpoints;

/// <summary>Writes models with random weights, for benchmarks and tests: llm-foundry's <c>mpt</c> format, no tokenizer.</summary>
public static class RandomCheckpoint
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes config.json and model.safetensors; equal options give equal bytes on every machine.</summary>
    /// <param name="folder">Made when it does not exist; must be empty otherwise.</param>
    /// <param name="options">The layout and the sizes.</param>
    /// <remarks>Matrices have the standard deviation 1 / √inputs, the embedding 1, norms are 1: activations neither vanish nor explode. Weights are streamed, not held.</remarks>
    /// <exception cref="LayoutException">The preset is unknown or does not admit the number of layers.</exception>
    /// <exception cref="ConfigException">Sizes do not fit each other.</exception>
    /// <exception cref="IOException">The folder is not empty or cannot be written.</exception>
    public static void Write(string folder, RandomCheckpointOptions options)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(options);
        if (File.Exists(folder))
            throw new IOException($"{folder} is a file, but a model is a folder. Give another path.");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"The folder {folder} is not empty. Give a new folder or empty it.");
        string config = Configure(options).ToJsonString(Indented) + "\n";
        using var json = JsonDocument.Parse(config);
        var spec = DecoderSpecReader.Read(json.RootElement, []);

        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), options.Type, DecoderWeights.Of(spec), (name, shape) => Values(name, shape, spec.Embedding.Name, options.Seed));
        // Written last: a folder without it is no model, should the disk be full before.
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
    }

    private static Action<Span<float>> Values(string name, long[] shape, string embedding, ulong seed)
    {
        if (shape.Length == 1)
            return values => values.Fill(1); // norms
        var random = new RandomNormal(seed, name);
        float deviation = name == embedding ? 1 : 1 / MathF.Sqrt(shape[1]);
        return values => random.Fill(values, deviation);
    }

    private static JsonObject Configure(RandomCheckpointOptions options)
    {
        var layout = LayoutPresets.Create(options.Preset, options.Layers, options.Window);
        int heads = ChooseHeads(options);
        return new JsonObject
        {
            ["architectures"] = new JsonArray("MPTForCausalLM"),
            ["model_type"] = Mpt.Family,
            ["d_model"] = options.Width,
            ["n_heads"] = heads,
            ["n_layers"] = options.Layers,
            ["max_seq_len"] = options.MaxLength,
            ["vocab_size"] = options.Vocabulary,
            ["learned_pos_emb"] = false,
            ["no_bias"] = true,
            ["norm_type"] = "rmsnorm",
            ["norm_eps"] = 1e-5,
            ["tie_word_embeddings"] = false,
            ["attn_config"] = new JsonObject
            {
                ["attn_type"] = "grouped_query_attention",
                ["attn_impl"] = "torch",
                ["kv_n_heads"] = options.KvHeads ?? (heads % 4 == 0 ? heads / 4 : heads),
                ["fused_qkv"] = true,
                ["rope"] = true,
                ["rope_theta"] = 500_000,
                ["rope_impl"] = "hf",
                ["rope_hf_config"] = new JsonObject { ["type"] = "no_scaling", ["factor"] = 1.0 },
                ["sliding_window_size"] = -1,
            },
            ["ffn_config"] = new JsonObject
            {
                ["ffn_type"] = "mptglu",
                ["ffn_hidden_size"] = options.FfnSize ?? (((8 * options.Width / 3) + 63) / 64 * 64),
                ["ffn_act_fn"] = new JsonObject { ["name"] = "silu" },
            },
            ["block_overrides"] = BlockOverridesWriter.Write(layout),
            ["eos_token_id"] = null,
            ["torch_dtype"] = options.Type == StoredType.BF16 ? "bfloat16" : "float32",
        };
    }

    /// <summary>Chooses the number of heads; the format has no head size of its own: it is the width divided by the heads.</summary>
    private static int ChooseHeads(RandomCheckpointOptions options)
    {
        if (options.Type is not (StoredType.BF16 or StoredType.F32))
            throw new ConfigException([$"The type of the weights is {options.Type}, but must be BF16 or F32. Choose one of them."]);
        int headDim = options.HeadDim ?? (options.Heads is { } given and > 0 ? options.Width / given : 64);
        int heads = options.Heads ?? (headDim > 0 ? options.Width / headDim : 0);
        if (heads < 1 || heads * headDim != options.Width)
            throw new ConfigException([$"The width is {options.Width}, but {heads} heads of {headDim} make {heads * headDim}. Give a width that is heads times head size."]);
        return heads;
    }
}
