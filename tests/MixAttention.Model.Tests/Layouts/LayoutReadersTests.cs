using System.Text.Json;
using System.Text.Json.Nodes;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Layouts;

public sealed class LayoutReadersTests
{
    private const string Overrides = """
        {"S": {"attn_config": {"sliding_window_size": 1024}},
         "SR": {"attn_config": {"sliding_window_size": 1024, "reuse_kv_layer_idx": -1}},
         "FR1": {"attn_config": {"reuse_kv_layer_idx": -1}},
         "FR5": {"attn_config": {"reuse_kv_layer_idx": -5}},
         "FR6": {"attn_config": {"reuse_kv_layer_idx": -6}},
         "N": {"attn_config": {"nope": true, "attn_temperature_tuning": {"attn_scale": 0.0}}}}
        """;

    [Theory]
    [InlineData("MA", "default,3(B,FR6),S,SR,S,SR,FR5")]
    [InlineData("MA-EndSlide", "default,3(B,FR6),B")]
    [InlineData("MA-Offset", "B,default,3(B,FR6)")]
    [InlineData("MA-Pairs", "2(default,B,FR6,B)")]
    [InlineData("MA-Offset-SlideShare", "B5,default,3(B5,FR6)")]
    [InlineData("MA-Pairs-SlideShare", "2(default,B5,FR6,B5)")]
    [InlineData("MA-Successive-1", "2(default,FR1,B,B)")]
    [InlineData("MA-Successive-2", "B,default,FR1,B,default,FR1,B,B")]
    [InlineData("MA-Successive-3", "B,B,default,FR1,B,default,FR1,B")]
    [InlineData("MA-Successive-4", "2(B,B,default,FR1)")]
    [InlineData("MA-NoShare-1", "S,SR,S,default,4(S,SR,SR,S,SR)")]
    [InlineData("MA-NoShare-2", "B,B,default,2(S,SR,S,SR,SR),S,SR,S")]
    [InlineData("MA-NoShare-3", "B,B,B,B,default,S,S,SR")]
    public void FromBlockOverrides_expands_the_orders_of_the_papers_variants(string name, string order) =>
        Assert.Equal(PaperVariants.Of(name).Layers, FromOrder(Order(order), 24).Layers);

    [Fact]
    public void FromBlockOverrides_expands_nested_and_repeated_orders()
    {
        const string docstring = """{"order": [{"name": "default"}, {"order": [{"name": "S"}, {"name": "SR"}, {"name": "S"}, {"name": "SR", "repeat": 2}, {"name": "FR6"}], "repeat": 2}]""";

        Assert.Equal("0_1s_1s_3s_3s_3s_0_7s_7s_9s_9s_9s_0", FromOrder(docstring, 13).ToString());
    }

    [Fact]
    public void FromBlockOverrides_repeats_the_whole_list() =>
        Assert.Equal("0_1s_1s_3_4s_4s", FromOrder("""{"repeat": 2, "order": [{"name": "default"}, {"name": "S"}, {"name": "SR"}]""", 6).ToString());

    [Fact]
    public void FromBlockOverrides_without_overrides_gives_the_base_configuration()
    {
        using var json = JsonDocument.Parse("null");

        Assert.Equal([new(8, 0), new(8, 1)], LayoutReaders.FromBlockOverrides(json.RootElement, 2, slidingWindowSize: 7).Layers);
    }

    [Theory]
    [InlineData("""{"order": []""", "$.order is missing or empty")]
    [InlineData("""{"repeat": 0, "order": [{"name": "S"}]""", "$.repeat is 0, but must be an integer from 1")]
    [InlineData("""{"order": [{"name": "S", "repeat": 3}]""", "expands to 3 layers, but n_layers is 4")]
    [InlineData("""{"order": [{"name": "S", "repeat": 10000}]""", "expands to more than 4 layers")]
    [InlineData("""{"repeat": 9999, "order": [{"order": [{"order": [{"name": "S", "repeat": 10000}], "repeat": 10000}], "repeat": 10000}]""", "expands to more than 4 layers")]
    [InlineData("""{"order": [{"name": "X", "repeat": 4}]""", "$.order[0].name is \"X\"")]
    [InlineData("""{"order": [{"name": "S", "order": [{"name": "S"}], "repeat": 4}]""", "exactly one of the two")]
    [InlineData("""{"order": [{"repeat": 4}]""", "exactly one of the two")]
    [InlineData("""{"order": [{"order": [], "repeat": 4}]""", "exactly one of the two")]
    [InlineData("""{"order": [{"name": "S", "repeat": 4, "times": 2}]""", "$.order[0].times is 2")]
    [InlineData("""{"start": [], "order": [{"name": "S", "repeat": 4}]""", "$.start is []")]
    [InlineData("""{"order": "S" """, "$.order is \"S\", but must be a list of objects")]
    public void FromBlockOverrides_with_a_wrong_order_says_where(string json, string part) =>
        Assert.Contains(part, Assert.Throws<ConfigException>(() => FromOrder(json, 4)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"default": {"attn_config": {}}}""", "$.overrides.default must not be defined")]
    [InlineData("""{"A": {"attn_config": {"reuse_kv_layer_idx": 1}}}""", "$.overrides.A.attn_config.reuse_kv_layer_idx is 1")]
    [InlineData("""{"A": {"attn_config": {"reuse_kv_layer_idx": 0}}}""", "$.overrides.A.attn_config.reuse_kv_layer_idx is 0")]
    [InlineData("""{"A": {"attn_config": {"reuse_kv_x_layer_idx": -1}}}""", "$.overrides.A.attn_config.reuse_kv_x_layer_idx is -1, which is not supported")]
    [InlineData("""{"A": {"attn_config": {"rope_theta": 5}}}""", "$.overrides.A.attn_config.rope_theta is 5, which is not supported")]
    [InlineData("""{"A": {"attn_config": {"sliding_window_size": "7"}}}""", "$.overrides.A.attn_config.sliding_window_size is \"7\", but must be an integer from -1")]
    [InlineData("""{"A": {"attn_config": {"sliding_window_size": 7.5}}}""", "$.overrides.A.attn_config.sliding_window_size is 7.5")]
    [InlineData("""{"A": {"attn_config": {"nope": 1}}}""", "$.overrides.A.attn_config.nope is 1, but must be true or false")]
    [InlineData("""{"A": {"attn_config": {"attn_temperature_tuning": {"attn_scale": 0.1}}}}""", "$.overrides.A.attn_config.attn_temperature_tuning.attn_scale is 0.1")]
    [InlineData("""{"A": {"ffn_config": {"ffn_type": "mptmlp"}}}""", "$.overrides.A.ffn_config is")]
    [InlineData("""{"A": 5}""", "$.overrides.A is 5, but must be an object")]
    public void FromBlockOverrides_with_a_wrong_override_says_where(string overrides, string part)
    {
        using var json = JsonDocument.Parse($$"""{"order": [{"name": "default", "repeat": 2}], "overrides": {{overrides}}}""");

        Assert.Contains(part, Assert.Throws<ConfigException>(() => LayoutReaders.FromBlockOverrides(json.RootElement, 2)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("default,FR6", "Layer 1 has reuse_kv_layer_idx -6, which reaches before layer 0. Use a value from -1 to -1.")]
    [InlineData("default,SR", "Layer 1 sees 1025 keys but borrows KV from layer 0, which sees all keys. Give both the same window.")]
    [InlineData("S,FR1", "Layer 1 sees all keys but borrows KV from layer 0, which sees 1025 keys. Give both the same window.")]
    public void FromBlockOverrides_with_an_impossible_source_says_which_layer(string order, string message) =>
        Assert.Equal(message, Assert.Throws<LayoutException>(() => FromOrder(Order(order), 2)).Message);

    [Theory]
    [InlineData(0)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1025)]
    public void Windows_are_the_keys_that_a_query_sees_itself_included(int size)
    {
        using var foundry = JsonDocument.Parse("{\"order\": [{\"name\": \"S\"}], \"overrides\": {\"S\": {\"attn_config\": {\"sliding_window_size\": " + size + "}}}}");

        // llm-foundry counts the keys before the query, the others count the query too.
        Assert.Equal(size + 1, LayoutReaders.FromBlockOverrides(foundry.RootElement, 1)[0].Window);
        Assert.Equal(size + 1, LayoutReaders.FromBlockOverrides(default, 1, size)[0].Window);
        Assert.Equal(size + 1, LayoutReaders.FromLckv("0s", size + 1)[0].Window);
        Assert.Equal(size + 1, LayoutReaders.FromLayerTypes(["sliding_attention"], size + 1)[0].Window);
    }

    public static TheoryData<string> Names => [.. PaperVariants.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void FromLckv_reads_the_papers_variants(string name)
    {
        var expected = PaperVariants.Of(name);

        Assert.Equal(expected.Layers, LayoutReaders.FromLckv(expected.ToString(), PaperVariants.Window, 24).Layers);
    }

    [Theory]
    [InlineData("0_1s_1s_3s_3s_3s_0_7s_7s_9s_9s_9s_12_13s_13s_15s_15s_15s_12_19s_19s_19s", 9)] // MixAttention (Pairs), 22 layers
    [InlineData("0_0_2_2_4_4", 3)] // CLA
    [InlineData("0s_1s_2s_3s_4_4_4_4", 5)] // YOCO
    public void FromLckv_reads_other_architectures(string text, int owners)
    {
        var layout = LayoutReaders.FromLckv(text, 8);

        Assert.Equal(text, layout.ToString());
        Assert.Equal(owners, layout.Owners.Count());
    }

    [Theory]
    [InlineData("0_20_0", "unsupported_layout: layer 1 uses the KV of layer 20, which comes after it")]
    [InlineData("1_1", "unsupported_layout: layer 0 uses the KV of layer 1, which comes after it")]
    [InlineData("0_0_1", "unsupported_layout: layer 1 computes KV for other layers but reads that of layer 0.")]
    [InlineData("0_0s", "Layer 1 sees 8 keys but borrows KV from layer 0, which sees all keys.")]
    [InlineData("0_x", "Part 1 of layer_types is \"x\"")]
    [InlineData("0_", "Part 1 of layer_types is \"\"")]
    [InlineData("0_1S", "Part 1 of layer_types is \"1S\"")]
    [InlineData("0_-1", "Part 1 of layer_types is \"-1\"")]
    [InlineData("0_99999999999", "Part 1 of layer_types is \"99999999999\"")]
    [InlineData("0s\n", "Part 0 of layer_types is \"0s\n\"")]
    public void FromLckv_with_a_wrong_string_says_which_layer(string text, string part) =>
        Assert.Contains(part, Assert.Throws<LayoutException>(() => LayoutReaders.FromLckv(text, 8)).Message, StringComparison.Ordinal);

    [Fact]
    public void FromLckv_compares_the_layer_count() =>
        Assert.Contains("names 2 layers, but the model has 3", Assert.Throws<LayoutException>(() => LayoutReaders.FromLckv("0_1", 8, 3)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("gemma-3n-E2B", 5, 30, 10, 18, 19)]
    [InlineData("gemma-3n-E4B", 5, 35, 15, 18, 19)]
    [InlineData("gemma-4-E2B", 5, 35, 20, 13, 14)]
    [InlineData("gemma-4-E4B", 6, 42, 18, 22, 23)]
    public void FromLayerTypes_shares_from_the_last_owner_of_the_type(string model, int period, int layers, int shared, int slidingSource, int fullSource)
    {
        var layout = LayoutReaders.FromLayerTypes(Periodic(period, layers), 512, shared);

        var borrowers = Enumerable.Range(layers - shared, shared).ToList();
        Assert.Equal(Enumerable.Range(0, layers - shared), layout.Owners);
        Assert.All(borrowers, layer => Assert.Equal(layout[layer].IsFull ? fullSource : slidingSource, layout[layer].KvOwner));
        Assert.True(borrowers.Any(l => layout[l].IsFull) && borrowers.Any(l => !layout[l].IsFull), model);
    }

    [Theory]
    [InlineData(60, 1024)] // gemma-4-31B
    [InlineData(30, 1024)] // gemma-4-26B-A4B
    public void FromLayerTypes_without_sharing_makes_every_layer_an_owner(int layers, int window)
    {
        var layout = LayoutReaders.FromLayerTypes(Periodic(6, layers), window);

        Assert.Equal(layers, layout.Owners.Count());
        Assert.Equal(layers / 6, layout.Layers.Count(l => l.IsFull));
        Assert.Equal(window, layout[0].Window);
    }

    [Fact]
    public void FromLayerTypes_reads_the_older_name_of_full_layers() =>
        Assert.Equal("0_1", LayoutReaders.FromLayerTypes(["attention", "full_attention"], null).ToString());

    [Theory]
    [InlineData("full_attention,chunked_attention", 8, 0, "Layer 1 has the type chunked_attention; supported are full_attention and sliding_attention.")]
    [InlineData("full_attention,sliding_attention", null, 0, "Layer 1 is sliding_attention, but there is no sliding_window.")]
    [InlineData("full_attention,sliding_attention", 8, 1, "Layer 1 is sliding_attention and shares KV, but no layer below 1 has that type.")]
    [InlineData("full_attention,full_attention", 8, 2, "num_kv_shared_layers is 2, but must be from 0 to 1")]
    [InlineData("full_attention,full_attention", 8, -1, "num_kv_shared_layers is -1, but must be from 0 to 1")]
    public void FromLayerTypes_with_wrong_values_says_which_layer(string types, int? window, int shared, string part) =>
        Assert.Contains(part, Assert.Throws<LayoutException>(() => LayoutReaders.FromLayerTypes(types.Split(','), window, shared)).Message, StringComparison.Ordinal);

    private static string[] Periodic(int period, int layers) =>
        [.. Enumerable.Range(0, layers).Select(i => (i + 1) % period == 0 ? "full_attention" : "sliding_attention")];

    /// <summary>Reads an unfinished object, to which the overrides are added.</summary>
    private static AttentionLayout FromOrder(string unfinished, int layers)
    {
        using var json = JsonDocument.Parse($$"""{{unfinished}}, "overrides": {{Overrides}}}""");
        return LayoutReaders.FromBlockOverrides(json.RootElement, layers);
    }

    /// <summary>Turns "2(default,B)" and the like into JSON without the closing brace; B is the pair and the triple, B5 five that share.</summary>
    private static string Order(string text)
    {
        text = text.Replace("B5", "S,SR,SR,SR,SR", StringComparison.Ordinal).Replace("B", "S,SR,S,SR,SR", StringComparison.Ordinal);
        var stack = new Stack<JsonArray>([[]]);
        foreach (string token in text.Replace("(", ",(,", StringComparison.Ordinal).Replace(")", ",),", StringComparison.Ordinal).Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (int.TryParse(token, out int repeat))
                stack.Peek().Add(new JsonObject { ["repeat"] = repeat });
            else if (token == "(")
                stack.Push([]);
            else if (token == ")")
                stack.Pop().AddAsOrderTo(stack.Peek());
            else
                stack.Peek().Add(new JsonObject { ["name"] = token });
        }

        return new JsonObject { ["order"] = stack.Pop() }.ToJsonString()[..^1];
    }
}

file static class JsonArrays
{
    public static void AddAsOrderTo(this JsonArray order, JsonArray list) => list[^1]!["order"] = order;
}
