using MixAttention.Model.Spec;

namespace MixAttention.Model.Tests.Families;

public sealed class LlamaLikeTests
{
    private const string Tiny = """
        {"model_type": "FAMILY", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 50, "head_dim": 8}
        """;

    [Fact]
    public void Llama_reports_every_missing_size()
    {
        var problems = ConfigEditor.Of("""{"model_type": "llama", "rms_norm_eps": -1, "hidden_act": "quick_gelu"}""").Problems();

        Assert.Equal(
            ["hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size", "vocab_size", "rms_norm_eps", "hidden_act"],
            problems.Select(p => p.Split(' ')[0][2..]).Distinct());
    }

    [Fact]
    public void Llama_without_optional_keys_has_the_familys_defaults()
    {
        var spec = ConfigEditor.Golden("llama-full").Remove("num_key_value_heads", "rms_norm_eps", "max_position_embeddings", "rope_theta", "rope_scaling", "tie_word_embeddings").Read();

        var attention = spec.Layers[0].Attention;
        Assert.Equal((6, 8, 1e-6, 2048), (attention.KvHeads, attention.HeadDim, spec.FinalNorm.Epsilon, spec.MaxSequenceLength));
        Assert.Equal(Math.Pow(10_000, -2.0 / 8), attention.Rope!.InverseFrequencies[1]);
        Assert.Equal("lm_head.weight", spec.Head.Weight.Name);
    }

    [Theory]
    [InlineData("attention_bias", true, true, false)]
    [InlineData("mlp_bias", false, false, true)]
    public void Llama_has_biases_where_its_keys_say(string key, bool query, bool output, bool ffn)
    {
        var layer = ConfigEditor.Golden("llama-full").Set(key, "true").Read().Layers[0];

        Assert.Equal((query, output, ffn), (layer.Attention.Query.Bias is not null, layer.Attention.Output.Bias is not null, layer.Ffn!.Down.Bias is not null));
    }

    [Fact]
    public void Llama_with_sliding_layers_is_refused() =>
        Assert.Contains("Layer 1 is sliding_attention", ConfigEditor.Of(Tiny).Set("model_type", "\"llama\"").Set("layer_types", """["full_attention", "sliding_attention", "full_attention", "full_attention"]""").Problems()[0], StringComparison.Ordinal);

    [Theory]
    [InlineData("num_key_value_heads", "4", "$.num_key_value_heads is 4, but must divide num_attention_heads, 6.")]
    [InlineData("head_dim", "7", "$.head_dim is 7, but must be even")]
    [InlineData("hidden_size", "50", "$.hidden_size is 50, but must be a multiple of num_attention_heads, 6")]
    [InlineData("num_hidden_layers", "100000", "$.num_hidden_layers is 100000, but must be an integer from 1 to 4096")]
    [InlineData("layer_types", "[\"full_attention\"]", "$.layer_types has 1 entries, but num_hidden_layers is 6.")]
    [InlineData("layer_types", "\"0_1_2_3_4_5\"", "$.layer_types is \"0_1_2_3_4_5\", but must be a list of texts.")]
    [InlineData("partial_rotary_factor", "0.5", "$.partial_rotary_factor is 0.5, which is not supported")]
    [InlineData("rope_scaling", """{"rope_type":"yarn","factor":2}""", "$.rope_scaling.rope_type is \"yarn\", which is not supported; supported: default, linear, llama3.")]
    [InlineData("rope_scaling", """{"type":"dynamic","factor":2}""", "$.rope_scaling.type is \"dynamic\", which is not supported")]
    [InlineData("rope_scaling", """{"type":"linear"}""", "$.rope_scaling.factor is missing.")]
    [InlineData("rope_theta", "0", "$.rope_theta is 0, but must be a number above 0.")]
    public void Llama_with_a_wrong_value_is_refused_by_name(string key, string value, string part) =>
        Assert.StartsWith(part, ConfigEditor.Golden("llama-full").Set(key, value).Problems()[0], StringComparison.Ordinal);

    [Fact]
    public void Rope_is_read_in_both_spellings()
    {
        var old = ConfigEditor.Golden("llama-full").Set("rope_theta", "500000").Set("rope_scaling", """{"type": "linear", "factor": 2.0}""").Read();
        var today = ConfigEditor.Golden("llama-full").Remove("rope_theta", "rope_scaling").Set("rope_parameters", """{"rope_type": "linear", "rope_theta": 500000.0, "factor": 2.0}""").Read();
        var both = ConfigEditor.Golden("llama-full").Set("rope_theta", "7").Set("rope_parameters", """{"rope_type": "linear", "rope_theta": 500000.0, "factor": 2.0}""").Read();

        Assert.Equal(Math.Pow(500_000, -0.25) / 2, old.Layers[0].Attention.Rope!.InverseFrequencies[1], 1e-15);
        Assert.Equal(old.Layers[0].Attention.Rope!.InverseFrequencies, today.Layers[0].Attention.Rope!.InverseFrequencies);
        Assert.Equal(today.Layers[0].Attention.Rope!.InverseFrequencies, both.Layers[0].Attention.Rope!.InverseFrequencies);
    }

    [Fact]
    public void Rope_of_Llama_3_stretches_long_wavelengths_and_blends_in_between()
    {
        var scaled = ConfigEditor.Golden("llama-full").Set("head_dim", "128").Set("rope_theta", "500000")
            .Set("rope_scaling", """{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}""").Read().Layers[0].Attention.Rope!.InverseFrequencies;

        double[] plain = [.. Enumerable.Range(0, 64).Select(j => Math.Pow(500_000, -j / 64.0))];
        // Wavelengths below 8192 / 4 stay, above 8192 they are eight times as long.
        Assert.Equal(plain[28], scaled[28], 1e-15); // 2π · 500000^(28/64) = 1956
        Assert.Equal(plain[35] / 8, scaled[35], 1e-15); // 8219
        double share = ((8192 * plain[30] / (2 * Math.PI)) - 1) / 3; // 2948
        Assert.Equal(((1 - share) * plain[30] / 8) + (share * plain[30]), scaled[30], 1e-15);
        Assert.Equal(1, scaled[0]);
    }

    [Theory]
    [InlineData(null, 4096)] // absent: the family's default
    [InlineData("null", null)] // null: no window
    [InlineData("1024", 1024)]
    public void Mistral_slides_in_all_layers_or_in_none(string? window, int? expected)
    {
        var config = ConfigEditor.Of(Tiny).Set("model_type", "\"mistral\"").Set("layer_types", """["full_attention"]""");

        Assert.All((window is null ? config : config.Set("sliding_window", window)).Read().Layout.Layers, l => Assert.Equal(expected, l.Window));
    }

    [Theory]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void Qwen_slides_only_with_its_switch_and_from_a_layer_on(string family)
    {
        var config = ConfigEditor.Of(Tiny).Set("model_type", $"\"{family}\"").Set("sliding_window", "16").Set("max_window_layers", "3");

        Assert.Equal([null, null, null, null], config.Read().Layout.Layers.Select(l => l.Window));
        Assert.Equal([null, null, null, 16], config.Set("use_sliding_window", "true").Read().Layout.Layers.Select(l => l.Window));
        Assert.Equal([16, null, null, 16], config.Set("layer_types", """["sliding_attention", "full_attention", "full_attention", "sliding_attention"]""").Read().Layout.Layers.Select(l => l.Window));
        Assert.Contains("there is no sliding_window", config.Set("use_sliding_window", "false").Problems()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Qwen2_has_biases_on_q_k_and_v_and_none_elsewhere()
    {
        var layer = ConfigEditor.Of(Tiny).Set("model_type", "\"qwen2\"").Read().Layers[0];

        Assert.Equal("model.layers.0.self_attn.v_proj.bias", layer.Attention.Value!.Bias!.Name);
        Assert.Equal((true, true, false, false), (layer.Attention.Query.Bias is not null, layer.Attention.Key!.Bias is not null, layer.Attention.Output.Bias is not null, layer.Ffn!.Up.Bias is not null));
        Assert.Null(layer.Attention.QueryNorm);
    }

    [Fact]
    public void Qwen3_norms_each_head_and_has_heads_of_128_by_default()
    {
        var attention = ConfigEditor.Of(Tiny).Set("model_type", "\"qwen3\"").Remove("head_dim").Read().Layers[0].Attention;

        Assert.Equal((128, "model.layers.0.self_attn.k_norm.weight", QkNormScope.Head), (attention.HeadDim, attention.KeyNorm!.Weight!.Name, attention.QkNormScope));
        Assert.Null(attention.Query.Bias);
    }

    [Fact]
    public void Lckv_without_a_string_owns_everywhere_and_slides_with_4096_keys()
    {
        var config = ConfigEditor.Of(Tiny).Set("model_type", "\"lckv-llama\"");

        Assert.Equal(4, config.Read().Layout.Owners.Count());
        Assert.Equal(4096, config.Set("layer_types", "\"0_1s_1s_0\"").Read().Layout[2].Window);
        Assert.Contains("unsupported_layout: layer 0 uses the KV of layer 3", config.Set("layer_types", "\"3_3_3_3\"").Problems()[0], StringComparison.Ordinal);
        Assert.Contains("names 2 layers, but the model has 4", config.Set("layer_types", "\"0_0\"").Problems()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Tied_embeddings_are_the_head_and_a_stored_copy_is_ignored()
    {
        var spec = ConfigEditor.Golden("llama-full").Set("tie_word_embeddings", "true").Read("model.embed_tokens.weight", "lm_head.weight", "model.layers.0.self_attn.rotary_emb.inv_freq", "other");

        Assert.Equal(spec.Embedding, spec.Head.Weight);
        Assert.Equal(["lm_head.weight", "model.layers.0.self_attn.rotary_emb.inv_freq"], spec.IgnoredWeights.Order(StringComparer.Ordinal));
    }
}
