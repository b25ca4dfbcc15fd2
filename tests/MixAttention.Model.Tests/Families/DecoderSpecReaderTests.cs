using System.Text.Json;
using MixAttention.Model.Families;

namespace MixAttention.Model.Tests.Families;

public sealed class DecoderSpecReaderTests
{
    private const string Wrapper = """
        {"model_type": "gemma3", "eos_token_id": [1, 106], "vision_config": {}, "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34, "sliding_window": 1024, "eos_token_id": 1,
         "rope_scaling": {"factor": 8.0, "rope_type": "linear"}}}
        """;

    [Fact]
    public void FamilyNames_are_the_eight() =>
        Assert.Equal(["gemma3_text", "gemma4_text", "lckv-llama", "llama", "mistral", "mpt", "qwen2", "qwen3"], DecoderSpecReader.FamilyNames.Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("""{"model_type": "gpt_oss"}""", "$.model_type is \"gpt_oss\", which is not supported; supported: mpt, lckv-llama, llama")]
    [InlineData("{}", "$.model_type is missing")]
    [InlineData("""{"model_type": 5}""", "$.model_type is 5, but must be a text")]
    [InlineData("[]", "$ is array, but a configuration is an object")]
    [InlineData("""{"model_type": "llama", "quantization_config": {"bits": 4}}""", "$.quantization_config is {\"bits\": 4}, which is not supported")]
    public void Read_of_another_family_or_format_is_refused_by_name(string config, string part)
    {
        using var json = JsonDocument.Parse(config);

        Assert.Contains(part, Assert.Throws<ConfigException>(() => DecoderSpecReader.Read(json.RootElement, [])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.language_model.", "lm_head.weight")]
    [InlineData("language_model.model.", "language_model.lm_head.weight")]
    [InlineData("model.", "lm_head.weight")]
    public void Read_of_a_multimodal_checkpoint_finds_the_decoder_in_it(string prefix, string head)
    {
        string[] others = ["vision_tower.patch.weight", "model.vision_tower.patch.weight", "multi_modal_projector.weight", head];

        var spec = ConfigEditor.Of(Wrapper).Read([prefix + "embed_tokens.weight", .. others]);

        Assert.Equal(("gemma3_text", 34, 262_208), (spec.Family, spec.Layers.Count, spec.VocabularySize));
        Assert.Equal(prefix + "embed_tokens.weight", spec.Embedding.Name);
        Assert.Equal(prefix + "layers.3.self_attn.q_proj.weight", spec.Layers[3].Attention.Query.Weight.Name);
        Assert.Equal(spec.Embedding, spec.Head.Weight); // tied by default
        Assert.Equal([1, 106], spec.EndTokenIds); // the wrapper's go first
        Assert.All(["vision_tower.patch.weight", "multi_modal_projector.weight", head], name => Assert.Contains(name, spec.IgnoredWeights));
        Assert.DoesNotContain(spec.Embedding.Name, spec.IgnoredWeights);
    }

    [Fact]
    public void Read_of_a_multimodal_checkpoint_with_its_own_head_uses_it()
    {
        var spec = ConfigEditor.Of(Wrapper).Set("tie_word_embeddings", "false").Read("language_model.model.embed_tokens.weight", "language_model.lm_head.weight");

        Assert.Equal("language_model.lm_head.weight", spec.Head.Weight.Name);
    }

    [Theory]
    [InlineData("2", new[] { 2 })]
    [InlineData("[128001, 128009]", new[] { 128001, 128009 })]
    [InlineData("null", new int[0])]
    public void Read_takes_one_end_token_or_several(string value, int[] ids) =>
        Assert.Equal(ids, ConfigEditor.Golden("llama-full").Set("eos_token_id", value).Read().EndTokenIds);

    [Fact]
    public void Read_refuses_a_borrower_that_rotates_otherwise_than_its_owner()
    {
        var config = ConfigEditor.Golden("mpt-nope-full").Set("block_overrides.overrides.full_reuse3.attn_config.nope", "false");

        Assert.Equal(["Layer 3 rotates its queries differently from the keys of layer 0, from which it borrows. Give both the same rotary embedding (nope, rope_theta)."], config.Problems());
    }
}
