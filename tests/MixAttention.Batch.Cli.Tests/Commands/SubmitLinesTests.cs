using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

/// <summary>Batch files in jobs that workers share.</summary>
public sealed class SubmitLinesTests : IDisposable
{
    private readonly JobCommands _jobs = new();

    public void Dispose() => _jobs.Dispose();

    [Fact]
    public async Task Rows_that_were_cancelled_run_again_and_give_the_lines_of_an_undisturbed_run()
    {
        Write(70);
        Assert.Equal(ExitCodes.SomeFailed, await RunScriptedAsync("run", "-o", _jobs.Cli.Folder["calm"]));
        Assert.Equal(ExitCodes.Fine, await RunScriptedAsync("submit", "--store", _jobs.Store));
        Assert.Contains("Submitted 70 requests in 2 shards", _jobs.Cli.Error, StringComparison.Ordinal);
        Assert.Contains("1 of 70 lines cannot run (invalid_request 1)", _jobs.Cli.Error, StringComparison.Ordinal);
        await _jobs.RunAsync("cancel");
        await _jobs.WorkAsync();
        Assert.Equal("", await _jobs.ReadResultsAsync("cancelled"));

        await _jobs.RunAsync("retry");
        Assert.Contains("70 failed requests", _jobs.Cli.Output, StringComparison.Ordinal);
        await _jobs.WorkAsync();
        Assert.Equal(Read("calm/output.jsonl"), await _jobs.ReadResultsAsync("results"));
        Assert.Equal(Read("calm/errors.jsonl"), Read("results/errors.jsonl"));
    }

    [Fact]
    public async Task Lines_that_have_come_are_added_to_a_job()
    {
        Write(3);
        await RunScriptedAsync("submit", "--store", _jobs.Store, "--job-id", "mine");
        await _jobs.WorkAsync();
        Write(5);
        await RunScriptedAsync("submit", "--store", _jobs.Store, "--job-id", "mine");
        Assert.Contains("Took up again 5 requests in 2 shards", _jobs.Cli.Error, StringComparison.Ordinal);
        await _jobs.WorkAsync();
        Assert.Contains("2 requests run here", _jobs.Cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_without_lines_is_complete_without_a_worker()
    {
        Write(0);
        await RunScriptedAsync("submit", "--store", _jobs.Store);
        Assert.Equal("", await _jobs.ReadResultsAsync("results"));
        await _jobs.RunAsync("status");
        Assert.Contains("completed", _jobs.Cli.Output, StringComparison.Ordinal);
    }

    private void Write(int rows) => _jobs.Cli.Folder.Write("in.jsonl", string.Concat(Enumerable.Range(0, rows).Select(i =>
        $$"""{"custom_id":"row-{{i}}","method":"POST","url":"/v1/chat/completions","body":{"model":"model","messages":[{"role":"user","content":"Hello {{i}}"}],{{(i == 2 ? "\"n\":2" : "\"max_tokens\":3")}}} }""" + "\n")));

    private string Read(string path) => File.ReadAllText(_jobs.Cli.Folder[path]);

    private Task<int> RunScriptedAsync(string command, params string[] args) =>
        _jobs.Cli.RunScriptedAsync([command, _jobs.Cli.Folder["in.jsonl"], "--model", ModelFlag.DemoModel, "--created-at", "2026-01-31T00:00:00Z", .. args]);
}
