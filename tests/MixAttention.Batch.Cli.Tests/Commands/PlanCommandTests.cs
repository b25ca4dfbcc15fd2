using System.Text.Json;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class PlanCommandTests : IDisposable
{
    private readonly CommandLine _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("MA-Offset", 921, 128)]
    [InlineData("MA-Pairs", 513, 115)]
    [InlineData("Standard", 48, 48)]
    [InlineData("ma-offset-slideshare", 1026, 231)]
    public async Task Papers_shape_fits_the_papers_numbers_of_sequences(string preset, long fits, long sharingOnly)
    {
        var plan = await PlanAsync("--preset", preset, "--memory", "56.9GB", "--length", "32000");
        Assert.Equal(fits, Sequences(plan, "layout"));
        Assert.Equal(sharingOnly, Sequences(plan, "sharing_only"));
        Assert.Equal(48, Sequences(plan, "standard"));
    }

    [Fact]
    public async Task Plan_names_every_layers_owner_and_the_exact_bytes()
    {
        var plan = await PlanAsync("--preset", "MA-Pairs", "--layers", "12", "--kv-heads", "2", "--head-dim", "64", "--window", "100", "--dtype", "f32", "--length", "1000", "--memory", "1GiB");
        Assert.Equal([0, 1, 1, 3, 3, 3, 0, 7, 7, 9, 9, 9], plan.GetProperty("layers").EnumerateArray().Select(l => l.GetProperty("kv_owner").GetInt32()));
        Assert.Equal(["0"], plan.GetProperty("full_owners").EnumerateArray().Select(o => o.GetRawText()));
        Assert.Equal(["1", "3", "7", "9"], plan.GetProperty("window_owners").EnumerateArray().Select(o => o.GetRawText()));
        Assert.Equal(2 * 2 * 64 * 4, plan.GetProperty("bytes_per_token").GetInt64());
        Assert.Equal(4 * 100 * 2 * 2 * 64 * 4, plan.GetProperty("ring_bytes").GetInt64());
        Assert.Equal((1000 + (4 * 100)) * 2 * 2 * 64 * 4, plan.GetProperty("layout").GetProperty("bytes_per_sequence").GetInt64());
        Assert.Equal(12 * 1000 * 2 * 2 * 64 * 4, plan.GetProperty("standard").GetProperty("bytes_per_sequence").GetInt64());
    }

    [Fact]
    public async Task Model_is_planned_from_its_folder()
    {
        var plan = await PlanAsync("--memory", "1GiB");
        Assert.Equal("mixbatch-demo", plan.GetProperty("name").GetString());
        Assert.Equal(12, plan.GetProperty("layers").GetArrayLength());
        Assert.Equal(256, plan.GetProperty("bytes_per_token").GetInt64());
        Assert.Equal(4 * 128 * 256, plan.GetProperty("ring_bytes").GetInt64());
    }

    [Fact]
    public async Task Layers_are_printed_with_attention_window_and_owner()
    {
        Assert.Equal(0, await _cli.RunScriptedAsync("plan", "--preset", "MA-Offset", "--memory", "56.9GB"));
        Assert.Matches(@"\n\s+5\s+full\s+–\s+own\s+3 × 128", _cli.Output);
        Assert.Matches(@"\n\s+8\s+window\s+1,024\s+own\s+3 × 128", _cli.Output);
        Assert.Matches(@"\n\s+11\s+full\s+–\s+of layer 5\s+3 × 128", _cli.Output);
        Assert.Matches(@"this layout\s+61.7 MB\s+921", _cli.Output);
        Assert.Matches(@"its sharing without eviction\s+442 MB\s+128", _cli.Output);
        Assert.Matches(@"standard attention\s+1.18 GB\s+48", _cli.Output);
    }

    [Fact]
    public async Task All_presets_stand_beside_the_papers_maximum_of_tokens()
    {
        Assert.Equal(0, await _cli.RunScriptedAsync("plan", "--preset", "all"));
        Assert.Equal(15, _cli.Output.Split('\n').Count(l => l.TrimEnd().EndsWith(" M", StringComparison.Ordinal)));
        Assert.Matches(@"MA-Pairs\s+2\s+8\s+111 MB\s+513\s+115\s+48\s+3.71 M\s+3.70 M\s+16.42 M", _cli.Output);
        Assert.Matches(@"MA-EndSlide\s+1\s+8\s+61.7 MB\s+921\s+128\s+48\s+–\s+4.12 M", _cli.Output);
    }

    [Fact]
    public async Task Published_maxima_agree_with_sharing_alone_within_a_percent()
    {
        Assert.Equal(0, await _cli.RunScriptedAsync("plan", "--preset", "all", "--json"));
        var published = JsonDocument.Parse(_cli.Output).RootElement.EnumerateArray().Where(p => p.GetProperty("published_max_tokens").ValueKind == JsonValueKind.Number).ToList();
        Assert.Equal(9, published.Count);
        Assert.All(published, p => Assert.InRange(p.GetProperty("published_max_tokens").GetDouble() / p.GetProperty("sharing_only").GetProperty("max_tokens").GetDouble(), 0.99, 1.01));
    }

    [Theory]
    [InlineData("--preset MA-Pairs --layers 7", "cannot have 7 layers")]
    [InlineData("--length 40000", "the model takes at most 32768 tokens")]
    [InlineData("--model nowhere", "There is no model folder nowhere. Give --model a folder")]
    [InlineData("--preset nope", "--preset is 'nope'. Give one of all, Standard, SWA, MA,")]
    [InlineData("--preset MA --length 0", "--length is '0'. Give a whole number, 1 or more.")]
    [InlineData("--preset MA --dtype f16", "--dtype is 'f16'. Give one of bf16, f32.")]
    [InlineData("--preset MA --head-dim 0", "--head-dim is '0'. Give a whole number, 1 to 65536.")]
    public async Task Plan_that_cannot_be_made_says_why(string line, string message)
    {
        Assert.Equal(ExitCodes.Usage, await _cli.RunScriptedAsync(["plan", .. line.Split(' ')]));
        Assert.Contains(message, _cli.ErrorLine, StringComparison.Ordinal);
        Assert.Empty(_cli.Output);
    }

    [Fact]
    public async Task Damaged_model_is_one_line()
    {
        Assert.Equal(ExitCodes.JobFailed, await _cli.RunScriptedAsync("plan", "--model", _cli.CopyTruncatedModel("broken")));
        Assert.Contains("model.safetensors", _cli.ErrorLine, StringComparison.Ordinal);
        Assert.Single(_cli.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Presets_that_do_not_admit_the_layers_are_left_out_and_named()
    {
        Assert.Equal(0, await _cli.RunScriptedAsync("plan", "--preset", "all", "--layers", "7", "--json"));
        var names = JsonDocument.Parse(_cli.Output).RootElement.EnumerateArray().Select(p => p.GetProperty("name").GetString()).ToList();
        Assert.Contains("Standard", names);
        Assert.DoesNotContain("MA-Offset", names);
        Assert.Contains("The preset MA-Offset cannot have 7 layers.", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_for_nothing_holds_no_sequence()
    {
        var plan = await PlanAsync("--preset", "MA", "--memory", "1B");
        Assert.Equal((0, 0, 0), (Sequences(plan, "layout"), Sequences(plan, "sharing_only"), Sequences(plan, "standard")));
    }

    private static long Sequences(JsonElement plan, string way) => plan.GetProperty(way).GetProperty("sequences").GetInt64();

    private async Task<JsonElement> PlanAsync(params string[] args)
    {
        Assert.Equal(0, await _cli.RunScriptedAsync(["plan", "--json", .. args]));
        return JsonDocument.Parse(_cli.Output).RootElement;
    }
}
