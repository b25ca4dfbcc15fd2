using System.Text.Json;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class BenchCommandTests : IDisposable
{
    private static readonly string[] PeerFields =
    [
        "engine", "label", "model", "workload", "params", "requests", "prompt_tokens", "gen_tokens", "slots", "seed", "threads", "wall_s", "prefill_tok_s", "decode_tok_s", "output_tok_s",
        "total_tok_s", "steps", "peak_rss_bytes", "kv_bytes", "kv_formula_bytes", "other_cpu", "tokens_hash", "runs_wall_s", "prefill_s", "decode_s", "mixed_s", "load_s", "model_bytes",
    ];

    private readonly CommandLine _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Last_line_is_json_with_the_peers_fields()
    {
        Assert.Equal(0, await _cli.RunScriptedAsync("bench", "--workload", "3x40+4", "--repeat", "2", "--seed", "1", "--label", "trial"));
        var line = LastLine();
        Assert.All(PeerFields, f => Assert.True(line.TryGetProperty(f, out _), f));
        Assert.Equal("3x40+4", line.GetProperty("workload").GetString());
        Assert.Contains("\"3x40+4\"", _cli.Output, StringComparison.Ordinal);
        Assert.Equal("trial", line.GetProperty("label").GetString());
        Assert.Equal(120, line.GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(12, line.GetProperty("gen_tokens").GetInt32());
        Assert.Equal(2, line.GetProperty("runs_wall_s").GetArrayLength());
        Assert.Equal(5_337_792, line.GetProperty("params").GetInt64());
    }

    [Fact]
    public async Task Tokens_are_the_same_whatever_runs_together()
    {
        await _cli.RunScriptedAsync("bench", "--requests", "4", "--prompt-tokens", "30", "--max-tokens", "5");
        string hash = LastLine().GetProperty("tokens_hash").GetString()!;
        await _cli.RunScriptedAsync("bench", "--requests", "4", "--prompt-tokens", "30", "--max-tokens", "5", "--max-sequences", "1");
        Assert.Equal(hash, LastLine().GetProperty("tokens_hash").GetString());
        Assert.Equal(1, LastLine().GetProperty("slots").GetInt32());
        await _cli.RunScriptedAsync("bench", "--requests", "4", "--prompt-tokens", "30", "--max-tokens", "5", "--seed", "2");
        Assert.NotEqual(hash, LastLine().GetProperty("tokens_hash").GetString());
    }

    [Fact]
    public async Task Workload_longer_than_the_model_takes_is_one_line()
    {
        Assert.Equal(ExitCodes.Usage, await _cli.RunScriptedAsync("bench", "--workload", "1x32768+1"));
        Assert.Equal("A request of 1x32768+1 has 32769 tokens, and the model takes at most 32768. Lower --prompt-tokens or --max-tokens.", _cli.ErrorLine);
    }

    private JsonElement LastLine() => JsonDocument.Parse(_cli.Output.TrimEnd().Split('\n')[^1]).RootElement;
}
