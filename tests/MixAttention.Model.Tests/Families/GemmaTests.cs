using MixAttention.Compute;
using MixAttention.Model.Checkpoints;

namespace MixAttention.Model.Tests.Families;

public sealed class GemmaTests
{
    // The keys that benchmark models for llama.cpp have: two head sizes that are equal, KV sharing, no per-layer embeddings.
    private const string Peer = """
        {"model_type": "gemma4_text", "vocab_size": 512, "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 8, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
         "max_position_embeddings": 32768, "rms_norm_eps": 1e-06, "pad_token_id": 0, "eos_token_id": 2, "tie_word_embeddings": true, "attention_bias": false, "hidden_activation": "gelu_pytorch_tanh",
         "global_head_dim": 32, "num_global_key_value_heads": null,
         "rope_parameters": {"full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1000000.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}},
         "sliding_window": 8, "layer_types": ["sliding_attention", "sliding_attention", "sliding_attention", "sliding_attention", "full_attention", "sliding_attention", "sliding_attention", "full_attention"],
         "num_kv_shared_layers": 3, "final_logit_softcapping": 30.0, "use_bidirectional_attention": null, "attention_k_eq_v": false, "hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 512,
         "use_double_wide_mlp": false, "enable_moe_block": false, "num_experts": null, "top_k_experts": null, "moe_intermediate_size": null}
        """;

    [Fact]
    public void Gemma3_multiplies_by_one_plus_the_weight_and_scales_its_embedding()
    {
        var spec = ConfigEditor.Golden("gemma3-5to1").Set("query_pre_attn_scalar", "64").Read();

        var layer = spec.Layers[0];
        Assert.All(
            new[] { layer.InputNorm, layer.PostAttentionNorm, layer.PreFfnNorm, layer.PostFfnNorm, layer.Attention.QueryNorm, layer.Attention.KeyNorm, spec.FinalNorm },
            norm => Assert.Equal(1, norm!.WeightOffset));
        Assert.Equal((Math.Sqrt(48), 0.125, ActivationKind.GeluTanh), (spec.EmbeddingScale, layer.Attention.ScoreScale, layer.Ffn!.Activation));
        Assert.Equal(spec.Embedding, spec.Head.Weight);
    }

    [Fact]
    public void Gemma3_rotates_full_and_sliding_layers_differently_and_scales_full_ones_only()
    {
        const string scaling = """{"rope_type": "linear", "factor": 8.0}""";
        var old = ConfigEditor.Golden("gemma3-5to1").Set("rope_scaling", scaling).Read();
        var today = ConfigEditor.Golden("gemma3-5to1").Remove("rope_theta", "rope_local_base_freq", "rope_scaling")
            .Set("rope_parameters", """{"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000}, "sliding_attention": {"rope_type": "default", "rope_theta": 10000}}""").Read();

        Assert.Equal(Math.Pow(1e6, -2.0 / 16) / 8, old.Layers[5].Attention.Rope!.InverseFrequencies[1], 1e-15);
        Assert.Equal(Math.Pow(1e4, -2.0 / 16), old.Layers[4].Attention.Rope!.InverseFrequencies[1], 1e-15);
        Assert.All(old.Layers.Zip(today.Layers), pair => Assert.Equal(pair.First.Attention.Rope!.InverseFrequencies, pair.Second.Attention.Rope!.InverseFrequencies));
    }

    [Theory]
    [InlineData("sliding_window_pattern", "3", new[] { 2, 5, 8, 11 })]
    [InlineData("_sliding_window_pattern", "6", new[] { 5, 11 })]
    [InlineData("layer_types", """["full_attention","sliding_attention","sliding_attention","sliding_attention","sliding_attention","sliding_attention","sliding_attention","sliding_attention","sliding_attention","sliding_attention","sliding_attention","sliding_attention"]""", new[] { 0 })]
    public void Gemma3_takes_its_layout_from_the_pattern_or_from_layer_types(string key, string value, int[] full)
    {
        var spec = ConfigEditor.Golden("gemma3-5to1").Remove("sliding_window_pattern").Set(key, value).Read();

        Assert.Equal(full, Enumerable.Range(0, 12).Where(layer => spec.Layout[layer].IsFull));
    }

    [Theory]
    [InlineData("gemma3-5to1", "use_bidirectional_attention", "true")]
    [InlineData("gemma4-keqv", "use_bidirectional_attention", "\"all\"")]
    [InlineData("gemma4-keqv", "enable_moe_block", "true")]
    [InlineData("gemma4-kvshare", "vocab_size_per_layer_input", "100")]
    public void Gemma_refuses_an_unsupported_option_by_name(string name, string key, string value) =>
        Assert.StartsWith($"$.{key} is {value}, which is not supported", Assert.Single(ConfigEditor.Golden(name).Set(key, value).Problems()), StringComparison.Ordinal);

    [Fact]
    public void Gemma4_borrowers_have_wide_networks_and_their_stored_KV_is_ignored()
    {
        var spec = ConfigEditor.Golden("gemma4-kvshare").Read();

        Assert.Equal((8, null, null), (spec.Layout[12].KvOwner, spec.Layers[12].Attention.Key, spec.Layers[12].Attention.ValueNorm));
        Assert.Equal((9, 16), (spec.Layout[14].KvOwner, spec.Layers[14].Attention.HeadDim));
        Assert.Equal((48, 96), (spec.Layers[9].Ffn!.InnerWidth, spec.Layers[10].Ffn!.InnerWidth));
        Assert.Contains("model.layers.10.self_attn.k_proj.*", spec.IgnoredWeights);
        Assert.DoesNotContain(spec.IgnoredWeights, name => name.Contains("layers.9.", StringComparison.Ordinal));
    }

    [Fact]
    public void Gemma4_full_layers_rotate_the_first_quarter_of_the_pairs_with_the_heads_frequencies()
    {
        var frequencies = ConfigEditor.Golden("gemma4-kvshare").Read().Layers[4].Attention.Rope!.InverseFrequencies;

        Assert.Equal([1, Math.Pow(1e6, -2.0 / 16), 0, 0, 0, 0, 0, 0], frequencies);
    }

    [Fact]
    public void Gemma4_with_k_eq_v_has_no_value_projection_in_full_layers()
    {
        var layers = ConfigEditor.Golden("gemma4-keqv").Read().Layers;

        Assert.Equal((true, null, 1), (layers[5].Attention.ValueIsKey, layers[5].Attention.Value, layers[5].Attention.KvHeads));
        Assert.Equal((false, "model.layers.4.self_attn.v_proj.weight", 2), (layers[4].Attention.ValueIsKey, layers[4].Attention.Value!.Weight.Name, layers[4].Attention.KvHeads));
        Assert.All(layers, l => Assert.Equal((null, 1.0), (l.Attention.ValueNorm!.Weight, l.Attention.ScoreScale)));
    }

    [Fact]
    public void Gemma4_heads_of_full_layers_may_be_given_layer_by_layer()
    {
        var config = ConfigEditor.Golden("gemma4-keqv").Remove("global_head_dim", "num_global_key_value_heads")
            .Set("per_layer_config", """{"5": {"head_dim": 16, "num_key_value_heads": 1}, "11": {"head_dim": 16, "num_key_value_heads": 1}}""");

        Assert.Equal((16, 1), (config.Read().Layers[11].Attention.HeadDim, config.Read().Layers[11].Attention.KvHeads));
        Assert.StartsWith("$.per_layer_config is", Assert.Single(config.Set("per_layer_config.5.head_dim", "32").Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void Gemma4_forces_the_last_layer_to_be_full_and_has_the_familys_defaults()
    {
        var spec = ConfigEditor.Golden("gemma4-keqv").Remove("layer_types", "rope_parameters", "sliding_window").Set("num_hidden_layers", "8").Read();

        Assert.Equal([5, 7], Enumerable.Range(0, 8).Where(layer => spec.Layout[layer].IsFull));
        Assert.Equal(512, spec.Layout[0].Window);
        Assert.Equal([1, Math.Pow(1e6, -2.0 / 16), 0], spec.Layers[5].Attention.Rope!.InverseFrequencies.Take(3));
    }

    [Fact]
    public void Gemma4_per_layer_embeddings_have_their_three_scales()
    {
        var spec = ConfigEditor.Golden("gemma4-kvshare").Read();

        var embedding = spec.PerLayerEmbedding!;
        Assert.Equal((8, 1 / Math.Sqrt(48), Math.Sqrt(8), 1 / Math.Sqrt(2)), (embedding.Width, embedding.ProjectionScale, embedding.TableScale, embedding.CombineScale));
        Assert.Equal("model.layers.3.post_per_layer_input_norm.weight", spec.Layers[3].PerLayerInput!.PostNorm.Weight!.Name);
        Assert.Null(ConfigEditor.Of(Peer).Read().PerLayerEmbedding);
    }

    [Fact]
    public void Gemma4_as_written_for_the_peer_loads_with_its_tensors()
    {
        var spec = ConfigEditor.Of(Peer).Read();

        Assert.Equal([0, 1, 2, 3, 4, 3, 3, 4], spec.Layout.Layers.Select(l => l.KvOwner));
        var shapes = DecoderWeights.Of(spec);
        Assert.Equal([128, 64], shapes["model.layers.7.self_attn.q_proj.weight"]);
        Assert.Equal([64, 64], shapes["model.layers.4.self_attn.v_proj.weight"]);
        Assert.Equal([1], shapes["model.layers.0.layer_scalar"]);
        Assert.Equal(2 + (8 * 11) + (5 * 3), shapes.Count); // embedding and norm; eleven tensors a layer; k, v and k_norm of five owners
    }
}
