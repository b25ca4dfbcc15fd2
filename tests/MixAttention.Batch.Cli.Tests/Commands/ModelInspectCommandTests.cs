using System.Text.Json.Nodes;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class ModelInspectCommandTests : IDisposable
{
    private readonly CommandLine _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Sound_model_is_described()
    {
        Assert.Equal(ExitCodes.Fine, await InspectAsync(ModelFlag.DemoModel));

        string[] facts =
        [
            @"family\s+mpt", @"parameters\s+5,337,792", @"weights\s+10.7 MB: BF16 10.7 MB, in 1 file",
            @"sizes\s+12 layers of width 192; 6 query and 2 KV heads of 32; vocabulary 4,096", @"longest sequence\s+32,768 tokens",
            @"layout\s+S S→0 S S→2 S→2 F S S→6 S S→8 S→8 F→5; windows of 128 keys", @"KV\s+256 bytes per token and 131,072 per sequence, as bfloat16",
            @"tokenizer\s+4,096 ids, ends at 0, with chat template", @"problems\s+none",
        ];
        Assert.All(_cli.Output.Split('\n'), line => Assert.Equal(line.TrimEnd(), line));
        Assert.All(facts, fact => Assert.Matches($@"(?m)^{fact}\s*$", _cli.Output));
        Assert.Empty(_cli.Error);
    }

    [Fact]
    public async Task Model_for_benchmarks_is_described_and_lacks_a_tokenizer()
    {
        await _cli.RunScriptedAsync("model", "init", "--preset", "Standard", "--layers", "2", "--width", "64", "--dtype", "f32", _cli.Folder["random"]);
        Assert.Equal(ExitCodes.JobFailed, await InspectAsync(_cli.Folder["random"]));

        Assert.Matches(@"layout\s+F F\s*\n", _cli.Output);
        Assert.Matches(@"tokenizer\s+none that can be used\s*\n", _cli.Output);
        Assert.Matches(@"problems\s+1\s*\n", _cli.Output);
        Assert.Contains("has no tokenizer.json. Download the model's tokenizer.json into it, or convert its tokenizer to that format. Without a tokenizer mixbatch bench works, and run, submit and eval do not.", _cli.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_problems_are_listed_at_once_a_line_each()
    {
        string model = _cli.CopyTruncatedModel("broken");
        ChangeConfig(model, config => config["d_model"] = -1);
        File.WriteAllText(Path.Combine(model, "tokenizer.json"), "{");

        Assert.Equal(ExitCodes.JobFailed, await InspectAsync(model));

        string[] lines = _cli.Error.TrimEnd().Split('\n');
        Assert.All(lines, l => Assert.StartsWith("mixbatch: ", l, StringComparison.Ordinal));
        foreach (string part in (string[])["model.safetensors", "config.json: $.d_model is -1", "tokenizer.json"])
            Assert.Contains(lines, l => l.Contains(part, StringComparison.Ordinal));
        Assert.Matches($@"problems\s+{lines.Length}\s*\n", _cli.Output);
    }

    [Fact]
    public async Task Tokenizer_of_another_model_is_found()
    {
        await _cli.RunScriptedAsync("model", "init", "--preset", "Standard", "--layers", "1", "--width", "64", "--vocabulary", "100", _cli.Folder["random"]);
        File.Copy(Path.Combine(ModelFlag.DemoModel, "tokenizer.json"), _cli.Folder["random/tokenizer.json"]);

        Assert.Equal(ExitCodes.JobFailed, await InspectAsync(_cli.Folder["random"]));

        Assert.Contains("tokenizer.json has ids up to 4095, and the embedding has 100 rows. Use the tokenizer that belongs to the model.", _cli.ErrorLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere", "There is no model folder nowhere. Give --model a folder")]
    [InlineData("", "Required argument 'PATH' missing for command: 'inspect'. See mixbatch model inspect --help.")]
    public async Task Bad_command_line_is_one_line(string path, string message)
    {
        Assert.Equal(ExitCodes.Usage, await _cli.RunScriptedAsync(["model", "inspect", .. path.Split(' ', StringSplitOptions.RemoveEmptyEntries)]));
        Assert.Contains(message, _cli.ErrorLine, StringComparison.Ordinal);
        Assert.Empty(_cli.Output);
    }

    private Task<int> InspectAsync(string folder) => _cli.RunScriptedAsync("model", "inspect", folder);

    private static void ChangeConfig(string model, Action<JsonNode> change)
    {
        string path = Path.Combine(model, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!;
        change(config);
        File.WriteAllText(path, config.ToJsonString());
    }
}
