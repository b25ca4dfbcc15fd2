using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests;

public sealed class MixBatchTests : IDisposable
{
    private readonly CommandLine _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("--help")]
    [InlineData("model")]
    [InlineData("run --help")]
    [InlineData("plan -h")]
    [InlineData("model init --help")]
    [InlineData("model inspect --help")]
    [InlineData("bench --help")]
    [InlineData("eval --help")]
    [InlineData("doctor --help")]
    [InlineData("submit --help")]
    [InlineData("worker --help")]
    [InlineData("status --help")]
    [InlineData("results --help")]
    [InlineData("cancel --help")]
    [InlineData("retry --help")]
    [InlineData("jobs")]
    [InlineData("jobs list --help")]
    [InlineData("jobs delete --help")]
    public async Task Help_is_printed(string line)
    {
        Assert.Equal(0, await _cli.RunScriptedAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Contains("Usage:", _cli.Output, StringComparison.Ordinal);
        Assert.Empty(_cli.Error);
    }

    [Fact]
    public async Task Version_is_printed()
    {
        Assert.Equal(0, await _cli.RunScriptedAsync("--version"));
        Assert.Matches(@"^\d+\.\d+\.\d+", _cli.Output);
    }

    [Theory]
    [InlineData("fly", "Unrecognized command or argument 'fly'. See mixbatch --help.")]
    [InlineData("run", "Option '--output' is required. There is no INPUT. Name files or folders, - for standard input, or --demo for the sample documents. See mixbatch run --help.")]
    [InlineData("plan --modle x", "Did you mean --model?")]
    [InlineData("statsu", "Did you mean status?")]
    [InlineData("run --demo --max-token=3 -o out", "There is no option --max-token=3. Did you mean --max-tokens?")]
    [InlineData("run --demo x -o out", "--demo brings its own documents. Leave out INPUT or --demo.")]
    [InlineData("run x --bogus -o out", "There is no option --bogus.")]
    [InlineData("run --demo -o out --task summarize --question Who?", "--task and --question exclude each other.")]
    [InlineData("run --demo -o out --memory lots", "--memory is 'lots'. Give a size such as 4GiB, 512MB or 56.9GB.")]
    [InlineData("run --demo -o out --max-tokens 0", "--max-tokens is '0'. Give a whole number, 1 or more.")]
    [InlineData("run --demo -o out --top-p 0", "--top-p is '0'. Give a number above 0 to 1.")]
    [InlineData("run --demo -o out --temperature NaN", "--temperature is 'NaN'. Give a number from 0 up.")]
    [InlineData("run --demo -o out --repetition-penalty 0", "--repetition-penalty is '0'. Give a number above 0.")]
    [InlineData("run --demo -o out --seed one", "--seed is 'one'. Give a whole number.")]
    [InlineData("run --demo -o out --logprobs 21", "--logprobs is '21'. Give a whole number, 0 to 20.")]
    [InlineData("run --demo -o out --logit-bias 5", "--logit-bias is '5'. Give ID=VALUE with a token id and a number from -100 to 100.")]
    [InlineData("run --demo -o out --logit-bias 5=101", "--logit-bias is '5=101'.")]
    [InlineData("run --demo -o out --stop-token-id x", "--stop-token-id is 'x'. Give a token id.")]
    [InlineData("run --demo -o out --device tpu", "--device is 'tpu'. Give one of cpu, cuda.")]
    [InlineData("run --demo -o out --created-at noon", "--created-at is 'noon'. Give a time such as 2026-01-31T12:00:00Z, or seconds since 1970.")]
    [InlineData("bench --workload 16", "--workload is '16'. Give requests, prompt tokens and answer tokens as NxP+G, such as 16x4096+64.")]
    [InlineData("model init", "Required argument 'PATH' missing for command: 'init'. See mixbatch model init --help.")]
    [InlineData("plan --layers 12", "--layers: a model brings its own shape.")]
    [InlineData("plan --model x --preset MA", "--model and --preset exclude each other.")]
    public async Task Bad_command_line_is_one_line_with_the_cure(string line, string message)
    {
        Assert.Equal(ExitCodes.Usage, await _cli.RunScriptedAsync(line.Split(' ')));
        Assert.Contains(message, _cli.ErrorLine, StringComparison.Ordinal);
        Assert.Single(_cli.Error.TrimEnd().Split('\n'));
        Assert.Empty(_cli.Output);
    }

    [Fact]
    public async Task All_problems_of_a_command_line_come_at_once()
    {
        await _cli.RunScriptedAsync("run", "--top-k", "-1", "--seed", "x", "--device", "tpu", "--memory", "0", "--prompt", " ", "--question", "Who?");
        foreach (string part in (string[])["--output", "--top-k", "--seed", "--device", "--memory", "--prompt is empty", "exclude each other", "no INPUT"])
            Assert.Contains(part, _cli.ErrorLine, StringComparison.Ordinal);
    }
}
