using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

/// <summary><c>mixbatch run</c> and <c>submit</c> with <c>--dry-run</c>.</summary>
public sealed class DryRunTests : IDisposable
{
    private readonly CommandLine _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Small_job_is_counted_whole_and_leaves_nothing()
    {
        for (int i = 0; i < 6; i++)
            _cli.Folder.Write($"docs/{i}.txt", "One two three.");
        _cli.Folder.Write("docs/empty.txt", "");
        Assert.Equal(ExitCodes.Fine, await RunAsync("run", _cli.Folder["docs"], "-o", _cli.Folder["out"], "--question", "Who?", "--question", "When?", "--max-tokens", "4"));
        Assert.Contains("Dry run: nothing was submitted and nothing written. 14 requests.", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("Failures: 2 of 14 cannot run (document_empty 2).", _cli.Output, StringComparison.Ordinal);
        Assert.Matches(@"Prompt tokens: \d+, \d+ a request\.", _cli.Output);
        Assert.Matches(@"KV memory: [\d.]+ \w+ a request on average, .* let 14 run at once\.", _cli.Output);
        Assert.Matches(@"Time: [\d.]+ s, without loading the model: all of them ran here\.", _cli.Output);
        Assert.False(Directory.Exists(_cli.Folder["out"]));
    }

    [Fact]
    public async Task Large_job_is_looked_at_in_evenly_spaced_requests()
    {
        _cli.Folder.Write("in.jsonl", string.Concat(Enumerable.Range(0, 1700).Select(i => Line(i, i % 17 == 5 ? "\"n\":2" : "\"max_tokens\":2"))));
        Assert.Equal(ExitCodes.Fine, await RunAsync("run", _cli.Folder["in.jsonl"], "-o", _cli.Folder["out"]));
        Assert.Contains("1,700 requests, of which 425, evenly spaced, were looked at.", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("100 of 1,700 lines cannot run (invalid_request 100); each becomes an error line.", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("Failures: 25 of 425 cannot run (invalid_request 25).", _cli.Output, StringComparison.Ordinal);
        Assert.Matches(@"Prompt tokens: [\d,]+ ± \d+ %", _cli.Output);
        Assert.Matches(@"Time: .* to .*, without loading the model, .*: in .* here [\d,]+ prompt tokens and [\d,]+ of answers were done", _cli.Output);
    }

    [Fact]
    public async Task Nothing_that_can_run_gives_no_time()
    {
        _cli.Folder.Write("docs/a.txt", "");
        Assert.Equal(ExitCodes.Fine, await RunAsync("run", _cli.Folder["docs"], "-o", _cli.Folder["out"]));
        Assert.Contains("Time: unknown, nothing ran.", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prompts_that_are_too_long_are_found_before_anything_runs()
    {
        _cli.Folder.Write("docs/a.txt", "Short.");
        Assert.Equal(ExitCodes.Fine, await RunAsync("run", _cli.Folder["docs"], "-o", _cli.Folder["out"], "--prompt", "Translate.", "--max-tokens", "32767", "--memory", "8MiB"));
        Assert.Contains("Failures: 1 of 1 cannot run (context_length_exceeded 1).", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faulty_file_fails_as_it_would()
    {
        _cli.Folder.Write("in.jsonl", Line(0, "") + "{\n");
        Assert.Equal(ExitCodes.JobFailed, await RunAsync("run", _cli.Folder["in.jsonl"], "-o", _cli.Folder["out"]));
        Assert.Contains("  line 2: ", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submission_is_looked_at_as_a_worker_without_options_would_run_it()
    {
        _cli.Folder.Write("docs/a.txt", "One two three.");
        Assert.Equal(ExitCodes.Fine, await RunAsync("submit", _cli.Folder["docs"], "--store", _cli.Folder["jobs"], "--model", _cli.CopyDemoModel("model"), "--max-tokens", "4"));
        Assert.Contains("Dry run: nothing was submitted and nothing written. 1 request.", _cli.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_cli.Folder["jobs"]));
    }

    private Task<int> RunAsync(params string[] args) => _cli.RunScriptedAsync([.. args, "--dry-run"]);

    private static string Line(int i, string fields) =>
        $$"""{"custom_id":"{{i}}","method":"POST","url":"/v1/chat/completions","body":{"model":"mixbatch-demo","messages":[{"role":"user","content":"Hello {{new string('x', i % 40)}}"}]{{(fields.Length > 0 ? "," : "")}}{{fields}}} }""" + "\n";
}
