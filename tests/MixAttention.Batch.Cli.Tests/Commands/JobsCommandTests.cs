using System.Text.Json;
using MixAttention.Batch.Cli.Tests.Support;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class JobsCommandTests : IDisposable
{
    private readonly JobCommands _jobs = new();

    public JobsCommandTests() => _jobs.WriteDocuments(3);

    public void Dispose() => _jobs.Dispose();

    [Fact]
    public async Task Jobs_are_listed_with_their_status()
    {
        await _jobs.SubmitAsync("--job-id", "a");
        await _jobs.WorkAsync();
        await _jobs.SubmitAsync("--job-id", "b");
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("jobs", "list"));
        Assert.Matches(@"a +completed +3 +3 +0 +model +2026-01-31 00:00:00Z", _jobs.Cli.Output);
        Assert.Matches(@"b +in progress +3 +0 +0 +model", _jobs.Cli.Output);
        await _jobs.RunAsync("jobs", "list", "--json");
        Assert.Equal(["a", "b"], _jobs.Cli.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("id").GetString()!));
    }

    [Fact]
    public async Task Job_of_another_version_does_not_hide_the_others()
    {
        await _jobs.SubmitAsync("--job-id", "a");
        await _jobs.SubmitAsync("--job-id", "b");
        string manifest = _jobs.Cli.Folder["jobs/store/jobs/a/manifest.json"];
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("job-manifest/1", "job-manifest/9", StringComparison.Ordinal));
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("jobs", "list"));
        Assert.Matches(@"b +in progress", _jobs.Cli.Output);
        Assert.Contains("jobs/a/manifest.json is of the contract 'batch.job-manifest/9'", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_is_deleted_with_all_that_it_has()
    {
        await _jobs.SubmitAsync("--job-id", "a");
        await _jobs.SubmitAsync("--job-id", "b");
        await _jobs.WorkAsync();
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("jobs", "delete", "a"));
        Assert.Equal(["b"], Directory.GetDirectories(_jobs.Cli.Folder["jobs/store/jobs"]).Select(Path.GetFileName)!);
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("status", "a"));
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("status", "b"));
    }

    [Fact]
    public async Task Message_of_a_deleted_job_is_put_aside_once_and_deleting_drops_it_fault_7()
    {
        await _jobs.SubmitAsync("--job-id", "a");
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("jobs", "delete", "a"));
        Assert.Contains("Job a has not ended. Cancel it first, or delete it with --force. Nothing was deleted.", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("jobs", "delete", "a", "--force"));
        await _jobs.WorkAsync();
        Assert.Contains("The store has no job a", _jobs.Cli.Error, StringComparison.Ordinal);
        Assert.Equal(new QueueCounts(0, 0, 0, 1), await CountAsync());

        await _jobs.SubmitAsync("--job-id", "a");
        await _jobs.RunAsync("jobs", "delete", "a", "--force");
        Assert.Equal(0, (await CountAsync()).Aside);
    }

    [Fact]
    public async Task Outputs_may_be_kept_and_nothing_runs_again()
    {
        await _jobs.SubmitAsync("--job-id", "a");
        await _jobs.WorkAsync();
        string before = await _jobs.ReadResultsAsync("before");
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("jobs", "delete", "a", "--keep-outputs"));
        Assert.Equal(["_COMMITTED.json", "errors.jsonl", "manifest.json", "output.jsonl", "report.html"], _jobs.Cli.Folder.Files("jobs/store/jobs/a").Select(Path.GetFileName)!);
        Assert.Equal(before, await _jobs.ReadResultsAsync("after"));
        await _jobs.RunAsync("status");
        Assert.Matches(@"status +completed", _jobs.Cli.Output);
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("retry"));
        Assert.Contains("Of job a only the outputs are left.", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_jobs_are_deleted_once_they_have_ended()
    {
        await _jobs.SubmitAsync("--job-id", "a");
        await _jobs.WorkAsync();
        await _jobs.SubmitAsync("--job-id", "b");
        await _jobs.RunAsync("jobs", "delete", "--older-than", "1h");
        Assert.Contains("Deleted 0 jobs", _jobs.Cli.Output, StringComparison.Ordinal);
        await _jobs.RunAsync("jobs", "delete", "--older-than", "0s");
        Assert.Contains("Deleted 1 job", _jobs.Cli.Output, StringComparison.Ordinal);
        await _jobs.RunAsync("jobs", "list", "--json");
        Assert.Contains("\"id\":\"b\"", _jobs.Cli.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\"id\":\"a\"", _jobs.Cli.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("jobs delete", "Name jobs, or give --older-than; one of the two.")]
    [InlineData("jobs delete a --older-than 1h", "Name jobs, or give --older-than; one of the two.")]
    [InlineData("jobs delete --older-than old", "--older-than is 'old'. Give a number and a unit, such as 90s, 30m, 12h or 7d.")]
    public async Task Bad_deletion_is_one_line(string line, string message)
    {
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync(line.Split(' ')));
        Assert.Contains(message, _jobs.Cli.ErrorLine, StringComparison.Ordinal);
    }

    private async Task<QueueCounts> CountAsync()
    {
        await using var queue = new SqliteJobQueue(new JobFolder(_jobs.Store).Queue, TimeSpan.FromMinutes(1), TimeProvider.System);
        return await queue.CountAsync(TestContext.Current.CancellationToken);
    }
}
