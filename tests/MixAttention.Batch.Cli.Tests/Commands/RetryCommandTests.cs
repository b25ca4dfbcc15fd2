using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

/// <summary>Cancels jobs and runs their failed requests again.</summary>
public sealed class RetryCommandTests : IDisposable
{
    private readonly JobCommands _jobs = new();

    public RetryCommandTests() => _jobs.WriteDocuments(70);

    public void Dispose() => _jobs.Dispose();

    [Fact]
    public async Task Failed_requests_run_again_and_their_answers_take_the_failures_place_fault_31_41()
    {
        string calm = await RunCalmlyAsync("--question", "Who?", "--question", "When?");
        await _jobs.SubmitAsync("--question", "Who?", "--question", "When?");
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("cancel"));
        Assert.Contains("will be cancelled", _jobs.Cli.Output, StringComparison.Ordinal);
        await AssertStatusAsync("cancelling");
        await _jobs.WorkAsync();
        await AssertStatusAsync("cancelled");
        Assert.Equal("", await _jobs.ReadResultsAsync("cancelled"));
        Assert.All(File.ReadLines(_jobs.Cli.Folder["cancelled/errors.jsonl"]), line => Assert.Contains("\"batch_cancelled\"", line, StringComparison.Ordinal));

        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("retry"));
        Assert.Contains("140 failed requests", _jobs.Cli.Output, StringComparison.Ordinal);
        await AssertStatusAsync("in progress");
        await _jobs.RunAsync("status");
        Assert.Contains("140: 0 succeeded, 0 failed, 0 running, 140 waiting", _jobs.Cli.Output, StringComparison.Ordinal);
        await _jobs.WorkAsync();
        Assert.Contains("140 requests run here", _jobs.Cli.Output, StringComparison.Ordinal);
        await AssertStatusAsync("completed");
        Assert.Equal(calm, await _jobs.ReadResultsAsync("results"));
        Assert.Equal("", File.ReadAllText(_jobs.Cli.Folder["results/errors.jsonl"]));
    }

    [Fact]
    public async Task Only_failed_requests_run_again_and_only_those_of_a_code_when_asked()
    {
        _jobs.Cli.Folder.Write("docs/empty.txt", "");
        await _jobs.SubmitAsync("--question", "Who?", "--question", "When?");
        await _jobs.WorkAsync();
        string before = await _jobs.ReadResultsAsync("before");
        await _jobs.RunAsync("retry", "--code", "batch_expired");
        Assert.Contains("failed so.", _jobs.Cli.Output, StringComparison.Ordinal);
        await _jobs.RunAsync("retry", "--code", "document_empty");
        Assert.Contains("2 failed requests", _jobs.Cli.Output, StringComparison.Ordinal);
        await _jobs.WorkAsync();
        Assert.Contains("2 requests run here", _jobs.Cli.Output, StringComparison.Ordinal);
        Assert.Equal(before, await _jobs.ReadResultsAsync("after"));
        Assert.Equal(File.ReadAllText(_jobs.Cli.Folder["before/errors.jsonl"]), File.ReadAllText(_jobs.Cli.Folder["after/errors.jsonl"]));
    }

    [Fact]
    public async Task Job_that_is_not_finished_is_refused()
    {
        await _jobs.SubmitAsync();
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("retry"));
        Assert.Contains("is not finished: 70 of its requests are in shards that are not committed.", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_that_has_ended_cannot_be_cancelled()
    {
        await _jobs.SubmitAsync();
        await _jobs.WorkAsync();
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("cancel"));
        Assert.Contains("has ended already.", _jobs.Cli.Output, StringComparison.Ordinal);
        await AssertStatusAsync("completed");
    }

    [Fact]
    public async Task Run_goes_on_with_what_is_to_run_again()
    {
        string calm = await RunCalmlyAsync();
        string[] run = ["run", _jobs.Docs, "-o", _jobs.Cli.Folder["out"], "--created-at", "2026-01-31T00:00:00Z", "--max-tokens", "5", "--served-model-name", "model", "--deadline", "2000-01-01"];
        Assert.Equal(ExitCodes.SomeFailed, await _jobs.Cli.RunScriptedAsync(run));
        Assert.Equal("", File.ReadAllText(_jobs.Cli.Folder["out/output.jsonl"]));

        Assert.Equal(ExitCodes.Fine, await _jobs.Cli.RunScriptedAsync("retry", "--store", _jobs.Cli.Folder["out/.mixbatch"]));
        Assert.Equal(ExitCodes.Fine, await _jobs.Cli.RunScriptedAsync(run));
        Assert.Contains("70 of 70 requests succeeded", _jobs.Cli.Output, StringComparison.Ordinal);
        Assert.Equal(calm, File.ReadAllText(_jobs.Cli.Folder["out/output.jsonl"]));
        Assert.Equal("", File.ReadAllText(_jobs.Cli.Folder["out/errors.jsonl"]));
    }

    private async Task AssertStatusAsync(string status)
    {
        await _jobs.RunAsync("status");
        Assert.Matches($@"status +{status}\s", _jobs.Cli.Output);
    }

    private static async Task<string> RunCalmlyAsync(params string[] args)
    {
        using var calm = new JobCommands();
        calm.WriteDocuments(70);
        await calm.SubmitAsync(args);
        await calm.WorkAsync();
        return await calm.ReadResultsAsync("results");
    }
}
