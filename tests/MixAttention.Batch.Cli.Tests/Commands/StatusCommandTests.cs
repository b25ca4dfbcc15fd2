using System.Text.Json;
using MixAttention.Batch.Cli.Tests.Support;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class StatusCommandTests : IDisposable
{
    private readonly JobCommands _jobs = new();

    public StatusCommandTests() => _jobs.WriteDocuments(70);

    public void Dispose() => _jobs.Dispose();

    [Fact]
    public async Task Batch_object_has_the_fields_of_openai()
    {
        string job = await _jobs.SubmitAsync("--deadline", "2100-01-01");
        var waiting = await ReadJsonAsync();
        Assert.Equal((job, "batch", "in_progress", "model"), (Text(waiting, "id"), Text(waiting, "object"), Text(waiting, "status"), Text(waiting, "model")));
        Assert.Equal("""{"total":70,"completed":0,"failed":0}""", waiting.GetProperty("request_counts").GetRawText());
        Assert.Equal(new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), waiting.GetProperty("expires_at").GetInt64());
        string[] unknown = ["completion_window", "output_file_id", "error_file_id", "errors", "completed_at", "expired_at", "cancelled_at", "usage"];
        Assert.All(unknown, name => Assert.Equal(JsonValueKind.Null, waiting.GetProperty(name).ValueKind));
        Assert.Equal((2, 0, 70), (Number(waiting, "shards"), Number(waiting, "shards_committed"), Number(waiting, "rows_queued")));

        await _jobs.WorkAsync();
        var finished = await ReadJsonAsync();
        Assert.Equal("completed", Text(finished, "status"));
        Assert.Equal("""{"total":70,"completed":70,"failed":0}""", finished.GetProperty("request_counts").GetRawText());
        Assert.Equal($"jobs/{job}/output.jsonl", Text(finished, "output_file_id"));
        Assert.Equal(70 * 5, finished.GetProperty("usage").GetProperty("output_tokens").GetInt32());
    }

    [Fact]
    public async Task Job_that_was_stopped_midway_counts_what_is_in_parts_and_checkpoints()
    {
        await _jobs.SubmitAsync();
        int steps = 0;
        _jobs.Cli.BeforeStep = _ =>
        {
            if (++steps == 12)
                _jobs.Cli.Interrupt();
        };
        await _jobs.WorkAsync("--max-sequences", "4", "--drain-seconds", "0");
        using var again = new JobCommands();
        await again.Cli.RunScriptedAsync("status", "--json", "--store", _jobs.Store);
        var status = JsonDocument.Parse(again.Cli.Output).RootElement;
        int completed = status.GetProperty("request_counts").GetProperty("completed").GetInt32();
        Assert.InRange(completed, 1, 69);
        Assert.Equal((70 - completed, 0), (Number(status, "rows_queued"), Number(status, "rows_running")));
    }

    [Fact]
    public async Task Status_is_shown_to_people()
    {
        string job = await _jobs.SubmitAsync();
        await _jobs.RunAsync("status", job);
        Assert.Matches(@"status +in progress", _jobs.Cli.Output);
        Assert.Matches(@"requests +70: 0 succeeded, 0 failed, 0 running, 70 waiting", _jobs.Cli.Output);
        await _jobs.WorkAsync();
        await _jobs.RunAsync("status", job);
        Assert.Matches(@"status +completed", _jobs.Cli.Output);
        Assert.Matches(@"requests +70: 70 succeeded, 0 failed\s", _jobs.Cli.Output);
        Assert.Matches(@"shards +2 of 2 committed", _jobs.Cli.Output);
        Assert.Matches(@"tokens +\d[\d,]* in, 350 out", _jobs.Cli.Output);
    }

    [Fact]
    public async Task Message_put_aside_is_shown_with_its_cure()
    {
        string job = await _jobs.SubmitAsync();
        await using (var queue = new SqliteJobQueue(new JobFolder(_jobs.Store).Queue, TimeSpan.FromMinutes(1), TimeProvider.System))
        {
            await queue.SendAsync(new JobMessage(job, 9, $"jobs/{job}/manifest.json", "model"), cancellationToken: TestContext.Current.CancellationToken);
            await queue.PutAsideAsync((await queue.ReceiveAsync(TimeSpan.Zero, TestContext.Current.CancellationToken))!, "bad_message", "Submit it again.", TestContext.Current.CancellationToken);
        }

        await _jobs.RunAsync("status");
        Assert.Matches(@"put aside +shard 0: bad_message: Submit it again\.", _jobs.Cli.Output);
    }

    [Fact]
    public async Task Run_can_be_asked_for_too()
    {
        await _jobs.Cli.RunScriptedAsync("run", _jobs.Docs, "-o", _jobs.Cli.Folder["out"], "--max-tokens", "5");
        Assert.Equal(ExitCodes.Fine, await _jobs.Cli.RunScriptedAsync("status", "--store", _jobs.Cli.Folder["out/.mixbatch"]));
        Assert.Matches(@"status +completed", _jobs.Cli.Output);
    }

    [Fact]
    public async Task Job_that_is_not_there_is_one_line()
    {
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("status"));
        Assert.Contains("holds no jobs. Name the --store of submit, or OUT/.mixbatch of a run.", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
        await _jobs.SubmitAsync();
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("status", "../x"));
        Assert.Contains("There is no job ../x in", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
        await _jobs.SubmitAsync();
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("status"));
        Assert.Contains("holds several jobs. Name one of them; see mixbatch jobs list.", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
    }

    private async Task<JsonElement> ReadJsonAsync()
    {
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("status", "--json"));
        return JsonDocument.Parse(_jobs.Cli.Output).RootElement;
    }

    private static string Text(JsonElement status, string name) => status.GetProperty(name).GetString()!;

    private static int Number(JsonElement status, string name) => status.GetProperty("x_batch").GetProperty(name).GetInt32();
}
