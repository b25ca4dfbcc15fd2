using System.Text.Json;
using System.Text.Json.Nodes;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Tests.Layouts;

public sealed class PrefillFlopsTests
{
    [Theory]
    [InlineData("Standard", 0.96)]
    [InlineData("SWA", 0.38)]
    [InlineData("MA", 0.14)]
    [InlineData("MA-EndSlide", 0.14)]
    [InlineData("MA-Offset", 0.27)]
    [InlineData("MA-Offset-SlideShare", 0.22)]
    [InlineData("MA-Pairs", 0.54)]
    [InlineData("MA-Pairs-SlideShare", 0.52)]
    [InlineData("MA-Successive-1", 0.54)]
    [InlineData("MA-Successive-2", 0.54)]
    [InlineData("MA-Successive-3", 0.70)]
    [InlineData("MA-Successive-4", 0.87)]
    [InlineData("MA-NoShare-1", 0.24)]
    [InlineData("MA-NoShare-2", 0.47)]
    [InlineData("MA-NoShare-3", 0.82)]
    public void ShareLeft_of_31000_tokens_is_the_published_one(string preset, double share) =>
        Assert.Equal(share, Math.Round(PrefillFlops.ShareLeft(PaperModel(preset), 31_000), 2));

    [Theory]
    [InlineData(4_000, 0.71, 0.67, 0.72, 0.44, 0.59, 0.74, 0.78, 0.82)]
    [InlineData(8_192, 0.47, 0.46, 0.61, 0.32, 0.55, 0.62, 0.74, 0.64)]
    [InlineData(131_072, 0.04, 0.16, 0.51, 0.15, 0.51, 0.52, 0.64, 0.39)]
    public void ShareLeft_of_other_lengths_is_the_published_one(int length, params double[] shares)
    {
        string[] presets = ["MA", "MA-Offset", "MA-Pairs", "MA-Offset-SlideShare", "MA-Pairs-SlideShare", "MA-Successive-1", "MA-Successive-3", "MA-NoShare-2"];

        // One published figure, MA at 4,000, is cut (0.7154), not rounded.
        Assert.All(presets.Zip(shares), p => Assert.InRange(PrefillFlops.ShareLeft(PaperModel(p.First), length), p.Second - 0.005, p.Second + 0.0055));
    }

    [Theory]
    [InlineData(null, 0, 5, 15)]
    [InlineData(null, 3, 5, 9)]
    [InlineData(3, 0, 5, 12)]
    [InlineData(3, 4, 5, 3)]
    [InlineData(5, 0, 5, 15)]
    [InlineData(9, 0, 5, 15)]
    [InlineData(1, 0, 5, 5)]
    public void VisiblePairs_counts_what_the_queries_see(int? window, int start, int end, long pairs) =>
        Assert.Equal(pairs, PrefillFlops.VisiblePairs(window, start, end));

    [Fact]
    public void Count_of_one_token_is_two_per_weight_used_and_its_own_pair()
    {
        var spec = PaperModel("Standard");

        // Per layer: q and out 12·128, k and v 3·128, router 16, four of sixteen experts of three matrices; then the head; a pair costs 4 per head element.
        long perLayer = (2L * 1536 * 1536) + (2L * 1536 * 384) + (1536 * 16) + (4L * 3 * 1536 * 2688);
        Assert.Equal((2 * ((24 * perLayer) + (1536L * 100_352))) + (24L * 4 * 1536), PrefillFlops.Count(spec, PrefillTrim.None(spec.Layout, 1)));
    }

    [Theory]
    [InlineData("MA-Pairs", 0)]
    [InlineData("MA-Offset", 5000)]
    [InlineData("SWA", 7999)]
    public void Counts_of_the_parts_of_a_prompt_add_up(string preset, int cut)
    {
        var spec = PaperModel(preset);
        var trim = PrefillTrim.Create(spec.Layout, 8000);

        Assert.Equal(PrefillFlops.Count(spec, trim), PrefillFlops.Count(spec, trim, 0, cut) + PrefillFlops.Count(spec, trim, cut, 8000));
    }

    /// <summary>Builds the paper's model (24 layers, 12 query and 3 KV heads of 128, 16 experts of which 4 run) with a preset's layout.</summary>
    private static DecoderSpec PaperModel(string preset)
    {
        var config = JsonNode.Parse("""
            {"model_type": "mpt", "d_model": 1536, "n_heads": 12, "n_layers": 24, "max_seq_len": 131072, "vocab_size": 100352, "no_bias": true, "tie_word_embeddings": false,
             "attn_config": {"attn_type": "grouped_query_attention", "kv_n_heads": 3, "rope": true, "rope_theta": 8000000},
             "ffn_config": {"ffn_type": "torch_dmoe", "ffn_hidden_size": 2688, "ffn_act_fn": {"name": "silu"}, "moe_num_experts": 16, "moe_top_k": 4, "mlp_type": "glu", "moe_normalize_expert_weights": 1}}
            """)!;
        config["block_overrides"] = BlockOverridesWriter.Write(PaperVariants.Of(preset));
        using var json = JsonDocument.Parse(config.ToJsonString());
        return DecoderSpecReader.Read(json.RootElement, []);
    }
}
