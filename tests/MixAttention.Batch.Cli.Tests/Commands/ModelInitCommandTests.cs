using MixAttention.Batch.Cli.Tests.Support;
using MixAttention.Batch.Models;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class ModelInitCommandTests : IDisposable
{
    private readonly CommandLine _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Model_has_the_asked_shape_and_can_be_measured()
    {
        string path = _cli.Folder["random"];
        Assert.Equal(ExitCodes.Fine, await InitAsync(path, "--heads", "8", "--kv-heads", "2", "--head-dim", "16", "--ffn", "96", "--vocabulary", "200", "--window", "24", "--max-length", "300"));
        Assert.Matches(@"random: [\d,]+ parameters, .* Measure it with mixbatch bench --model .*random\n$", _cli.Output);

        var model = ModelFacts.Read(path);
        var attention = model.Spec.Layers[0].Attention;
        Assert.Equal((12, 128, 200, 300), (model.Spec.Layers.Count, model.Spec.Width, model.Spec.VocabularySize, model.Spec.MaxSequenceLength));
        Assert.Equal((8, 2, 16, 24), (attention.QueryHeads, attention.KvHeads, attention.HeadDim, model.Spec.Layout[0].Window));
        Assert.Equal(96, model.Spec.Layers[0].Ffn!.InnerWidth);
        Assert.Equal(ExitCodes.Fine, await _cli.RunAsync("bench", "--model", path, "--workload", "2x30+3"));
    }

    [Fact]
    public async Task Equal_options_give_equal_bytes_and_another_seed_gives_others()
    {
        await InitAsync(_cli.Folder["a"], "--seed", "5");
        await InitAsync(_cli.Folder["b"], "--seed", "5");
        await InitAsync(_cli.Folder["c"], "--seed", "6");

        Assert.Equal(["a/config.json", "a/model.safetensors"], _cli.Folder.Files("a"));
        Assert.Equal(Weights("a"), Weights("b"));
        Assert.NotEqual(Weights("a"), Weights("c"));
    }

    [Fact]
    public async Task Number_format_is_the_asked_one()
    {
        await InitAsync(_cli.Folder["half"]);
        await InitAsync(_cli.Folder["full"], "--dtype", "f32");

        Assert.Equal(2 * ModelFacts.Read(_cli.Folder["half"]).WeightBytes, ModelFacts.Read(_cli.Folder["full"]).WeightBytes);
        Assert.Equal(4, ModelFacts.Read(_cli.Folder["full"]).KvBytesPerElement);
    }

    [Fact]
    public async Task Folder_that_exists_is_taken_only_when_it_is_empty()
    {
        Directory.CreateDirectory(_cli.Folder["empty"]);
        Assert.Equal(ExitCodes.Fine, await InitAsync(_cli.Folder["empty"]));

        await AssertRefusedAsync(ExitCodes.Usage, "empty exists and is not an empty folder. Choose another path.", _cli.Folder["empty"]);
        await AssertRefusedAsync(ExitCodes.Usage, "file exists and is not an empty folder. Choose another path.", _cli.Folder.Write("file", "mine"));
        Assert.Equal("mine", File.ReadAllText(_cli.Folder["file"]));
    }

    [Fact]
    public async Task Path_that_cannot_be_written_is_one_line()
    {
        _cli.Folder.Write("file", "");

        await AssertRefusedAsync(ExitCodes.JobFailed, "Check the path and its permissions.", _cli.Folder["file/model"]);
    }

    [Theory]
    [InlineData("--layers 7", "The preset MA-Offset cannot have 7 layers. The nearest counts that its pattern admits are ")]
    [InlineData("--width 100", "The width is 100, but 1 heads of 64 make 64. Give a width that is heads times head size.")]
    [InlineData("--preset MA-Nothing", "--preset is 'MA-Nothing'. Give one of Standard, SWA, MA,")]
    [InlineData("--dtype f16", "--dtype is 'f16'. Give one of bf16, f32.")]
    [InlineData("--vocabulary 3", "--vocabulary is '3'. Give a whole number, 4 to 16777216.")]
    [InlineData("--seed -1", "--seed is '-1'. Give a whole number, 0 or more.")]
    public async Task Shape_that_cannot_be_is_one_line_and_leaves_nothing(string flags, string message)
    {
        await AssertRefusedAsync(ExitCodes.Usage, message, _cli.Folder["random"], flags.Split(' '));
        Assert.False(Path.Exists(_cli.Folder["random"]));
    }

    private byte[] Weights(string name) => File.ReadAllBytes(_cli.Folder[$"{name}/model.safetensors"]);

    private Task<int> InitAsync(string path, params string[] flags) => _cli.RunScriptedAsync(["model", "init", path, .. Defaults(flags), .. flags]);

    /// <summary>Makes what a test does not ask for small.</summary>
    private static IEnumerable<string> Defaults(string[] flags) =>
        new (string Name, string Value)[] { ("--preset", "MA-Offset"), ("--layers", "12"), ("--width", "128"), ("--vocabulary", "64") }.Where(d => !flags.Contains(d.Name)).SelectMany(d => (string[])[d.Name, d.Value]);

    private async Task AssertRefusedAsync(int exitCode, string message, string path, params string[] flags)
    {
        Assert.Equal(exitCode, await InitAsync(path, flags));
        Assert.Contains(message, _cli.ErrorLine, StringComparison.Ordinal);
        Assert.Single(_cli.Error.TrimEnd().Split('\n'));
        Assert.Empty(_cli.Output);
    }
}
