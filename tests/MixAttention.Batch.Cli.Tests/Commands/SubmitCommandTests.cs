using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class SubmitCommandTests : IDisposable
{
    private readonly JobCommands _jobs = new();

    public SubmitCommandTests() => _jobs.WriteDocuments(3);

    public void Dispose() => _jobs.Dispose();

    [Fact]
    public async Task Job_id_is_the_one_line_on_standard_output()
    {
        Assert.Matches("^job_[0-9a-f]{32}$", await _jobs.SubmitAsync());
        Assert.Contains("Submitted 3 requests in 1 shard for the model model.", _jobs.Cli.Error, StringComparison.Ordinal);
        Assert.Equal("job-7", await _jobs.SubmitAsync("--job-id", "job-7"));
    }

    [Fact]
    public async Task Submitted_job_gives_the_bytes_of_a_run()
    {
        await _jobs.SubmitAsync("--question", "Who?", "--question", "When?", "--served-model-name", "mine");
        Assert.Equal(ExitCodes.Fine, await _jobs.WorkAsync("--served-model-name", "mine"));
        string submitted = await _jobs.ReadResultsAsync("results");

        string[] run = ["run", _jobs.Docs, "-o", _jobs.Cli.Folder["out"], "--created-at", "2026-01-31T00:00:00Z", "--max-tokens", "5", "--question", "Who?", "--question", "When?", "--served-model-name", "mine"];
        Assert.Equal(ExitCodes.Fine, await _jobs.Cli.RunScriptedAsync(run));
        Assert.Equal(6, submitted.Count(c => c == '\n'));
        Assert.Equal(File.ReadAllText(_jobs.Cli.Folder["out/output.jsonl"]), submitted);
        Assert.Equal(File.ReadAllText(_jobs.Cli.Folder["out/texts/doc-000.txt.q2.txt"]), File.ReadAllText(_jobs.Cli.Folder["results/texts/doc-000.txt.q2.txt"]));
    }

    [Fact]
    public async Task Same_id_and_content_is_the_same_job_and_documents_that_have_come_are_added_fault_44()
    {
        await _jobs.SubmitAsync("--job-id", "a");
        await _jobs.SubmitAsync("--job-id", "a");
        Assert.Contains("Took up again 3 requests in 1 shard ", _jobs.Cli.Error, StringComparison.Ordinal);
        _jobs.WriteDocuments(4);
        await _jobs.SubmitAsync("--job-id", "a");
        Assert.Contains("Took up again 4 requests in 2 shards", _jobs.Cli.Error, StringComparison.Ordinal);
        await _jobs.WorkAsync();
        Assert.Contains("Committed 2 shards", _jobs.Cli.Output, StringComparison.Ordinal);
        Assert.Contains("4 requests run here", _jobs.Cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Same_id_and_other_content_is_refused_with_what_differs_fault_44()
    {
        await _jobs.SubmitAsync("--job-id", "a");
        Assert.Equal(ExitCodes.Usage, await _jobs.TrySubmitAsync("--job-id", "a", "--seed", "1"));
        Assert.Contains("--seed was 0 and is 1", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--deadline soon", "--deadline is 'soon'. Give a span such as 90m, 12h or 7d, or a time")]
    [InlineData("--max-attempts 0", "--max-attempts is '0'. Give a whole number, 1 or more.")]
    [InlineData("--max-error-ratio 2", "--max-error-ratio is '2'. Give a number from 0 to 1.")]
    [InlineData("--job-id ../x", "--job-id is '../x'. Give letters, digits, '_', '-' and '.'.")]
    [InlineData("--stop-token-id 4096", "--stop-token-id names token 4096; the model's tokens are 0 to 4095.")]
    public async Task Bad_option_is_one_line_with_the_cure(string options, string message)
    {
        Assert.Equal(ExitCodes.Usage, await _jobs.TrySubmitAsync(options.Split(' ')));
        Assert.Contains(message, _jobs.Cli.ErrorLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_jobs.Store));
    }

    [Fact]
    public async Task Model_must_be_named()
    {
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("submit", _jobs.Docs));
        Assert.Contains("Option '--model' is required.", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_may_be_named_by_a_variable()
    {
        string[] submit = ["submit", _jobs.Docs, "--model", ModelFlag.DemoModel];
        Assert.Equal(ExitCodes.Usage, await _jobs.Cli.RunScriptedAsync(submit));
        Assert.Contains("There is no --store. Name the folder of the jobs' store and queue, or set MIXBATCH_STORE.", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
        _jobs.Cli.Variables["MIXBATCH_STORE"] = _jobs.Store;
        Assert.Equal(ExitCodes.Fine, await _jobs.Cli.RunScriptedAsync(submit));
        Assert.Equal(ExitCodes.Fine, await _jobs.Cli.RunScriptedAsync("status"));
    }

    [Fact]
    public async Task Deadline_that_passes_ends_the_job_with_what_has_finished_fault_32()
    {
        await _jobs.SubmitAsync("--deadline", "2000-01-01");
        Assert.Equal(ExitCodes.Fine, await _jobs.WorkAsync());
        Assert.Equal(ExitCodes.SomeFailed, await _jobs.RunAsync("results", "-o", _jobs.Cli.Folder["results"]));
        Assert.Contains("doc-000.txt: The job's deadline passed", _jobs.Cli.Error, StringComparison.Ordinal);
    }
}
