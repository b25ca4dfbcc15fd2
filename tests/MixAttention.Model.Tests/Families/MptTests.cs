using MixAttention.Compute;
using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Tests.Families;

public sealed class MptTests
{
    [Theory]
    [InlineData("attn_config.alibi", "true")]
    [InlineData("attn_config.kv_dim", "32")]
    [InlineData("attn_config.reuse_kv_layer_idx", "-1")]
    [InlineData("attn_config.reuse_kv_x_layer_idx", "-1")]
    [InlineData("attn_config.attn_temperature_tuning.attn_scale", "0.1")]
    [InlineData("attn_config.attn_type", "\"multi_head_latent_attention\"")]
    [InlineData("attn_config.rope_impl", "\"xla\"")]
    [InlineData("attn_config.rope_hf_config.type", "\"dynamic\"")]
    [InlineData("attn_config.prefix_lm", "true")]
    [InlineData("attn_config.future_option", "1")]
    [InlineData("ffn_config.ffn_type", "\"te_ln_mlp\"")]
    [InlineData("ffn_config.ffn_type", "\"mb_moe\"")]
    [InlineData("ffn_config.ffn_act_fn.name", "\"mish\"")]
    [InlineData("ffn_config.ffn_act_fn.beta", "2")]
    [InlineData("ffn_config.shared_expert", "true")]
    [InlineData("head_dim", "16")]
    [InlineData("norm_type", "\"batchnorm\"")]
    [InlineData("logit_scale", "\"sqrt\"")]
    [InlineData("residual_modification", "\"layer\"")]
    [InlineData("future_option", "\"on\"")]
    public void Read_refuses_an_unsupported_option_by_name(string path, string value)
    {
        string problem = Assert.Single(ConfigEditor.Golden("mpt-ma").Set(path, value).Problems());

        Assert.StartsWith($"$.{path} is {value}, which is not supported", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("block_overrides.overrides.slide.attn_config.reuse_kv_x_layer_idx", "-1")]
    [InlineData("block_overrides.overrides.slide.attn_config.attn_temperature_tuning.attn_scale", "0.1")]
    [InlineData("block_overrides.overrides.slide.attn_config.clip_qkv", "8")]
    public void Read_refuses_an_unsupported_override_by_name(string path, string value) =>
        Assert.StartsWith($"$.{path} is {value}", Assert.Single(ConfigEditor.Golden("mpt-ma").Set(path, value).Problems()), StringComparison.Ordinal);

    [Theory]
    [InlineData("learned_pos_emb", "true")] // rope switches it off
    [InlineData("head_dim", "12")] // what it is anyway
    [InlineData("attn_config.attn_impl", "\"flash\"")]
    [InlineData("attn_config.prefix_lm", "false")]
    [InlineData("attn_config.future_option", "null")]
    [InlineData("init_config.init_std", "0.02")]
    [InlineData("emb_pdrop", "0.1")]
    [InlineData("ffn_config.moe_jitter_eps", "0.1")]
    [InlineData("do_sample", "true")]
    [InlineData("name", "\"mpt_causal_lm\"")]
    public void Read_ignores_what_changes_nothing(string path, string value) => ConfigEditor.Golden("mpt-ma").Set(path, value).Read();

    [Fact]
    public void Read_refuses_learned_positions_which_are_the_default_without_rope()
    {
        var config = ConfigEditor.Golden("mpt-standard").Set("attn_config.rope", "false");

        Assert.All(config.Read().Layers, l => Assert.Null(l.Attention.Rope)); // learned_pos_emb is false there
        Assert.StartsWith("$.learned_pos_emb is true (the default) and attn_config.rope is false", Assert.Single(config.Remove("learned_pos_emb").Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_reports_all_problems_at_once_with_their_paths()
    {
        var config = ConfigEditor.Golden("mpt-ma-pairs").Set("d_model", "\"48\"").Set("attn_config.alibi", "true").Set("ffn_config.ffn_type", "\"mb_moe\"")
            .Set("block_overrides.repeat", "3").Set("norm_eps", "0").Set("vocab_size", "-1").Set("tie_word_embeddings", "1");

        Assert.Equal(
            [
                "$.attn_config.alibi is true, which is not supported; supported: false, with rope. Use a model without it.",
                "$.block_overrides.order expands to more than 24 layers, but n_layers is 24. Correct one of the two.",
                "$.d_model is \"48\", but must be an integer from 1 to 268435456. Correct it.",
                "$.ffn_config.ffn_type is \"mb_moe\", which is not supported; supported: mptmlp, mptglu, torch_dmoe, mb_dmoe. Use a model without it.",
                "$.norm_eps is 0, but must be a number above 0. Correct it.",
                "$.tie_word_embeddings is 1, but must be true or false. Correct it.",
                "$.vocab_size is -1, but must be an integer from 1 to 268435456. Correct it.",
            ],
            config.Problems().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("multiquery_attention", null, 1)]
    [InlineData("multihead_attention", null, 4)]
    [InlineData("multihead_attention", "4", 4)]
    [InlineData("grouped_query_attention", "2", 2)]
    public void Read_takes_KV_heads_from_the_attention_type(string type, string? given, int heads)
    {
        var config = ConfigEditor.Golden("mpt-standard").Set("attn_config.attn_type", $"\"{type}\"").Set("attn_config.kv_n_heads", given ?? "null");

        Assert.Equal(heads, config.Read().Layers[0].Attention.KvHeads);
    }

    [Theory]
    [InlineData("multiquery_attention", "2", "$.attn_config.kv_n_heads is 2, but multiquery_attention has 1.")]
    [InlineData("grouped_query_attention", "null", "$.attn_config.kv_n_heads is missing.")]
    [InlineData("grouped_query_attention", "3", "$.attn_config.kv_n_heads is 3, but must divide n_heads, 4.")]
    public void Read_refuses_KV_heads_that_do_not_fit(string type, string given, string part)
    {
        var config = ConfigEditor.Golden("mpt-standard").Set("attn_config.attn_type", $"\"{type}\"").Set("attn_config.kv_n_heads", given);

        Assert.StartsWith(part, Assert.Single(config.Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_of_fused_projections_takes_rows_of_one_tensor_and_Wq_alone_from_a_borrower()
    {
        var layers = ConfigEditor.Golden("mpt-qkln-bias").Read().Layers;

        var owner = layers[0].Attention;
        Assert.Equal([(0, 48), (48, 24), (72, 24)], new[] { owner.Query, owner.Key!, owner.Value! }.Select(l => (l.Weight.RowStart, l.Weight.RowCount!.Value)));
        Assert.Equal(new WeightRef("transformer.blocks.0.attn.Wqkv.bias", 48, 24), owner.Key!.Bias);
        Assert.Equal(QkNormScope.Whole, owner.QkNormScope);
        Assert.Equal((NormKind.Layer, 1e-5, "transformer.blocks.0.attn.k_ln.bias"), (owner.KeyNorm!.Kind, owner.KeyNorm.Epsilon, owner.KeyNorm.Bias!.Name));
        var borrower = layers[1].Attention;
        Assert.Equal((new("transformer.blocks.1.attn.Wq.weight"), null, null, null), (borrower.Query.Weight, borrower.Key, borrower.Value, borrower.KeyNorm));
    }

    [Fact]
    public void Read_of_attention_bias_alone_adds_biases_to_q_k_and_v_only()
    {
        var layer = ConfigEditor.Golden("mpt-standard").Set("attention_bias", "true").Read().Layers[0];

        Assert.NotNull(layer.Attention.Query.Bias);
        Assert.Equal((null, null, null), (layer.Attention.Output.Bias, layer.Ffn!.Up.Bias, layer.InputNorm.Bias));
    }

    [Fact]
    public void Read_of_experts_cuts_the_tensors_and_does_not_transpose_the_down_projection()
    {
        var moe = ConfigEditor.Golden("mpt-moe-ma-pairs").Read().Layers[2].Moe!;

        Assert.Equal((8, 2, 1.0), (moe.Experts.Count, moe.TopK, moe.NormalizePower));
        Assert.Equal(new WeightRef("transformer.blocks.2.ffn.experts.mlp.w1", 18, 6), moe.Experts[3].Gate!.Weight);
        Assert.Equal(new WeightRef("transformer.blocks.2.ffn.experts.mlp.v1", 18, 6), moe.Experts[3].Up.Weight);
        Assert.Equal(new WeightRef("transformer.blocks.2.ffn.experts.mlp.w2", 18, 6, Transposed: true), moe.Experts[3].Down.Weight);
    }

    [Fact]
    public void Read_of_experts_without_a_gate_has_the_exact_GELU_by_default()
    {
        var moe = ConfigEditor.Golden("mpt-moe-mlp-small").Set("ffn_config.moe_normalize_expert_weights", "null").Read().Layers[0].Moe!;

        Assert.Equal((ActivationKind.Gelu, null, "transformer.blocks.0.ffn.experts.mlp.w1"), (moe.Experts[0].Activation, moe.Experts[0].Gate, moe.Experts[0].Up.Weight.Name));
        Assert.Null(moe.NormalizePower);
    }

    [Theory]
    [InlineData("ffn_config.moe_top_k", "9", "$.ffn_config.moe_top_k is 9, but must be at most moe_num_experts, 8.")]
    [InlineData("ffn_config.mlp_type", "\"swiglu\"", "$.ffn_config.mlp_type is \"swiglu\", which is not supported")]
    [InlineData("ffn_config.moe_num_experts", "null", "$.ffn_config.moe_num_experts is missing.")]
    [InlineData("ffn_config.ffn_hidden_size", "268435456", "$.ffn_config.moe_num_experts is 8, which with ffn_hidden_size 268435456 gives more than")]
    [InlineData("ffn_config.uniform_expert_assignment", "true", "$.ffn_config.uniform_expert_assignment is true, which is not supported")]
    [InlineData("no_bias", "false", "$.no_bias is false (the default), but experts with biases are not supported.")]
    public void Read_refuses_experts_that_it_cannot_compute(string path, string value, string part) =>
        Assert.StartsWith(part, ConfigEditor.Golden("mpt-moe-ma-pairs").Set(path, value).Problems()[0], StringComparison.Ordinal);

    [Theory]
    [InlineData("null", 1)]
    [InlineData("0.25", 0.25)]
    [InlineData("\"inv_sqrt_d_model\"", 0.14433756729740643)]
    public void Read_takes_the_logit_scale_as_a_number_or_by_name(string value, double scale) =>
        Assert.Equal(scale, ConfigEditor.Golden("mpt-standard").Set("logit_scale", value).Read().LogitScale, 1e-15);

    [Fact]
    public void Read_takes_caps_clip_and_scale()
    {
        var spec = ConfigEditor.Golden("mpt-softcaps").Set("attn_config.clip_qkv", "8").Set("attn_config.softmax_scale", "0.5").Read();

        Assert.Equal((4.0, 8.0, 0.5, 5.0), (spec.Layers[0].Attention.ScoreSoftcap, spec.Layers[0].Attention.QkvClip, spec.Layers[0].Attention.ScoreScale, spec.LogitSoftcap));
        Assert.Equal(1 / Math.Sqrt(12), ConfigEditor.Golden("mpt-standard").Read().Layers[0].Attention.ScoreScale);
    }

    [Fact]
    public void Read_of_linear_rope_divides_the_frequencies()
    {
        var plain = ConfigEditor.Golden("mpt-standard").Read().Layers[0].Attention.Rope!;
        var linear = ConfigEditor.Golden("mpt-standard").Set("attn_config.rope_hf_config", """{"type": "linear", "factor": 4.0}""").Read().Layers[0].Attention.Rope!;

        Assert.Equal(plain.InverseFrequencies.Select(f => f / 4), linear.InverseFrequencies);
    }

    [Fact]
    public void Read_of_an_empty_configuration_has_the_formats_defaults()
    {
        var spec = ConfigEditor.Of("""{"model_type": "mpt", "attn_config": {"rope": true}}""").Read("lm_head.weight");

        Assert.Equal((2048, 24, 50368, 2048, 16), (spec.Width, spec.Layers.Count, spec.VocabularySize, spec.MaxSequenceLength, spec.Layers[0].Attention.KvHeads));
        Assert.Equal(LayoutPresets.Create("Standard", 24, 1).Layers, spec.Layout.Layers);
        Assert.Equal((8192, ActivationKind.Gelu, true), (spec.Layers[0].Ffn!.InnerWidth, spec.Layers[0].Ffn!.Activation, spec.Layers[0].Ffn!.Up.Bias is not null));
        Assert.Equal((NormKind.Layer, 1e-5, spec.Embedding), (spec.FinalNorm.Kind, spec.FinalNorm.Epsilon, spec.Head.Weight));
        Assert.Equal(["lm_head.weight"], spec.IgnoredWeights);
    }
}
