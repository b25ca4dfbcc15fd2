using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Queue;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

public sealed class BatchWorkerTests : IAsyncDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly WorkerFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Job_is_worked_off_shard_by_shard_and_its_results_are_in_input_order()
    {
        _fixture.WriteDocuments(10);
        _fixture.Job.Task = PromptTask.Ask(["First?", "Second?"]);
        var plan = await _fixture.SubmitAsync();
        Assert.Equal([8, 8, 4], plan.Shards.Select(s => s.Rows));
        Assert.Equal(20, await _fixture.WorkAsync());

        Assert.Equal(Enumerable.Range(0, 20), await RowsAsync(_fixture.Artifacts.Output));
        var marker = await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop);
        Assert.Equal((20, 0, 1), (marker!.Succeeded, marker.Failed, marker.Segments));
        Assert.True(marker.CompletionTokens > 0);
        Assert.Equal(new QueueCounts(0, 0, 0, 0), await _fixture.Queue.CountAsync(Stop));
        Assert.Empty(await _fixture.Store.ListAsync($"{_fixture.Artifacts.Root}checkpoints/", Stop).ToListAsync(Stop));
    }

    [Fact]
    public async Task Shards_share_the_engine_so_that_it_never_runs_dry()
    {
        _fixture.WriteDocuments(12);
        (_fixture.DocumentsPerShard, _fixture.Job.MaxSequences) = (2, 6);
        using var thirdIsClaimed = new ManualResetEventSlim();
        _fixture.Job.BeforeStep = _ => Assert.True(thirdIsClaimed.Wait(TimeSpan.FromSeconds(30), Stop));
        var points = new CrashPoints
        {
            Before = step =>
            {
                if (step.EndsWith("state/00002.json", StringComparison.Ordinal))
                    thirdIsClaimed.Set();
                return Task.CompletedTask;
            },
        };
        await _fixture.SubmitAsync();
        Assert.Equal(12, await _fixture.WorkAsync(points)); // The first step waited until the third shard was there.
    }

    [Fact]
    public async Task Several_workers_share_a_job_and_run_every_request_once()
    {
        _fixture.WriteDocuments(24);
        string calm = await _fixture.ReadCalmOutputAsync();
        await _fixture.SubmitAsync();
        long[] computed = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => _fixture.WorkUntilIdleAsync())));
        Assert.Equal(24, computed.Sum());
        Assert.Equal(calm, await _fixture.ReadAsync(_fixture.Artifacts.Output));
    }

    [Fact]
    public async Task Message_of_a_committed_shard_costs_nothing_fault_7()
    {
        _fixture.WriteDocuments(4);
        await _fixture.SubmitAsync();
        await _fixture.WorkAsync();
        await _fixture.Queue.SendAsync(Message(shard: 0), cancellationToken: Stop);
        _fixture.Job.BeforeStep = _ => throw new InvalidOperationException("Nothing is left to run.");
        Assert.Equal(0, await _fixture.WorkAsync());
        Assert.Equal(new QueueCounts(0, 0, 0, 0), await _fixture.Queue.CountAsync(Stop));
    }

    [Fact]
    public async Task Part_with_other_bytes_stays_and_is_reported_fault_14()
    {
        _fixture.WriteDocuments(4);
        await _fixture.SubmitAsync();
        var points = new CrashPoints();
        points.Before = step => step.EndsWith("part-00000.jsonl", StringComparison.Ordinal) ? _fixture.Store.PutIfAbsentAsync(_fixture.Artifacts.Part(0), "{\"x_batch\":{\"row\":0}}\n"u8.ToArray(), Stop) : Task.CompletedTask;
        var log = new List<string>();
        int differing = 0;
        await _fixture.WorkAsync(points, new WorkerOptions { Log = log.Add }, counts: c => differing = c.DifferingParts);
        Assert.Equal(1, differing);
        Assert.Contains(log, line => line.Contains("gave other bytes than those that were committed, which stay", StringComparison.Ordinal));
        Assert.Equal("{\"x_batch\":{\"row\":0}}\n", await _fixture.ReadAsync(_fixture.Artifacts.Part(0)));
    }

    [Theory]
    [InlineData("job_2", 0, null, "job_not_found", "The store has no job job_2")]
    [InlineData("job_1", 9, null, "bad_message", "has no shard 9")]
    [InlineData("job_1", 0, "jobs/job_2/manifest.json", "bad_message", "names the manifest jobs/job_2/manifest.json, which is another job's")]
    public async Task Message_that_nobody_can_work_on_is_put_aside_fault_10(string jobId, int shard, string? manifest, string reason, string cure)
    {
        _fixture.WriteDocuments(4);
        await _fixture.SubmitAsync();
        await _fixture.WorkAsync();
        await _fixture.Queue.SendAsync(new JobMessage(jobId, shard, manifest ?? $"jobs/{jobId}/manifest.json", "scripted", 7), cancellationToken: Stop);
        await _fixture.WorkUntilIdleAsync();
        var aside = Assert.Single(await _fixture.Queue.ListAsideAsync(Stop).ToListAsync(Stop));
        Assert.Equal(reason, aside.Reason);
        Assert.Contains(cure, aside.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not JSON at all")]
    [InlineData("""{"schema":"batch.job-message/2","job_id":"job_1"}""")]
    public async Task Message_that_cannot_be_read_is_put_aside_and_the_worker_goes_on_fault_10(string body)
    {
        await SqliteQueue.SendRawAsync(_fixture.Job.Folder["state/queue.db"], "foreign", Encoding.UTF8.GetBytes(body));
        _fixture.WriteDocuments(4);
        await _fixture.SubmitAsync();
        Assert.Equal(4, await _fixture.WorkUntilIdleAsync());
        Assert.Equal("bad_message", Assert.Single(await _fixture.Queue.ListAsideAsync(Stop).ToListAsync(Stop)).Reason);
    }

    [Fact]
    public async Task Manifest_of_another_version_is_put_aside_with_a_cure_fault_28()
    {
        _fixture.WriteDocuments(4);
        await _fixture.SubmitAsync();
        string json = await _fixture.ReadAsync(_fixture.Artifacts.Manifest);
        await _fixture.Store.PutIfMatchAsync(_fixture.Artifacts.Manifest, null, Encoding.UTF8.GetBytes(json.Replace("job-manifest/1", "job-manifest/2", StringComparison.Ordinal)), Stop);
        await _fixture.WorkUntilIdleAsync();
        var aside = Assert.Single(await _fixture.Queue.ListAsideAsync(Stop).ToListAsync(Stop));
        Assert.Equal("unreadable_job", aside.Reason);
        Assert.Contains("Use the version that made the job", aside.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changed_manifest_is_put_aside_fault_18()
    {
        _fixture.WriteDocuments(4);
        await _fixture.SubmitAsync();
        string json = await _fixture.ReadAsync(_fixture.Artifacts.Manifest);
        await _fixture.Store.PutIfMatchAsync(_fixture.Artifacts.Manifest, null, Encoding.UTF8.GetBytes(json.Replace("\"max_tokens\":6", "\"max_tokens\":7", StringComparison.Ordinal)), Stop);
        await _fixture.WorkUntilIdleAsync();
        Assert.Equal("unreadable_job", Assert.Single(await _fixture.Queue.ListAsideAsync(Stop).ToListAsync(Stop)).Reason);
    }

    [Fact]
    public async Task Message_for_another_model_is_given_back()
    {
        _fixture.WriteDocuments(4);
        await _fixture.SubmitAsync();
        var log = new List<string>();
        await _fixture.WorkUntilIdleAsync(_fixture.Job.Model with { Name = "other" }, log.Add);
        Assert.Equal(new QueueCounts(0, 1, 0, 0), await _fixture.Queue.CountAsync(Stop));
        Assert.Contains("Start a worker with --served-model-name scripted.", log.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_whose_arithmetic_differs_gives_the_shard_back_and_says_why()
    {
        _fixture.WriteDocuments(48); // More than are handed in before the first step.
        await _fixture.SubmitAsync();
        using (var stop = new CancellationTokenSource())
        {
            _fixture.Job.BeforeStep = _ => stop.Cancel();
            await _fixture.WorkAsync(interrupt: stop);
            _fixture.Job.BeforeStep = null;
        }

        var log = new List<string>();
        var other = _fixture.Job.Model with { Digest = _ => Task.FromResult(new Models.ModelDigest("other", "tokenizer", "template")) };
        await _fixture.WorkUntilIdleAsync(other, log.Add);
        Assert.All(log, line => Assert.Contains("Results of job job_1 would not be those of its first worker: model was model and is other here.", line, StringComparison.Ordinal));
        Assert.NotEmpty(log);
        _fixture.QueueClock.Advance(TimeSpan.FromMinutes(1));
        await _fixture.WorkAsync();
        Assert.Equal(48, (await RowsAsync(_fixture.Artifacts.Output)).Count);
    }

    [Fact]
    public async Task Cancelled_job_keeps_what_has_finished_and_says_so_of_the_rest_fault_31()
    {
        _fixture.WriteDocuments(12);
        _fixture.Job.MaxSequences = 1;
        await _fixture.SubmitAsync();
        bool isAsked = false;
        var points = new CrashPoints();
        points.Before = async step =>
        {
            if (!isAsked && step.Contains("part-00000", StringComparison.Ordinal))
                await new JobControl(0, EndReason.Cancelled).WriteAsync(_fixture.Store, _fixture.Artifacts, Stop);
            isAsked |= step.Contains("part-00000", StringComparison.Ordinal);
        };
        await _fixture.WorkAsync(points);
        var marker = await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop);
        Assert.Equal(12, marker!.Succeeded + marker.Failed);
        Assert.True(marker.Succeeded >= 4);

        // Another worker that comes to a cancelled job runs nothing of it.
        Assert.True(isAsked);
    }

    [Fact]
    public async Task Job_that_was_cancelled_before_it_began_runs_nothing_fault_31()
    {
        _fixture.WriteDocuments(6);
        await _fixture.SubmitAsync();
        await new JobControl(0, EndReason.Cancelled).WriteAsync(_fixture.Store, _fixture.Artifacts, Stop);
        Assert.Equal(0, await _fixture.WorkAsync());
        Assert.Equal(Enumerable.Repeat("batch_cancelled", 6), await CodesAsync());
        Assert.Equal(EndReason.Cancelled, (await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop))!.Ended);
    }

    [Fact]
    public async Task Deadline_that_has_passed_ends_what_has_not_run_fault_32()
    {
        _fixture.WriteDocuments(6);
        _fixture.Limits = new JobLimits { Deadline = DateTimeOffset.UnixEpoch };
        await _fixture.SubmitAsync();
        Assert.Equal(0, await _fixture.WorkAsync());
        Assert.Equal(Enumerable.Repeat("batch_expired", 6), await CodesAsync());
        Assert.Equal(EndReason.Expired, (await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop))!.Ended);
    }

    [Fact]
    public async Task Job_with_too_many_errors_is_ended()
    {
        for (int i = 0; i < 4; i++)
            _fixture.Job.Folder.Write($"docs/a{i}.txt", " ");
        _fixture.WriteDocuments(200);
        (_fixture.Limits, _fixture.Job.MaxSequences) = (new JobLimits { MaxErrorRatio = 0.01 }, 1);
        await _fixture.SubmitAsync();
        Assert.InRange(await _fixture.WorkAsync(), 0, 199);
        string[] codes = await CodesAsync();
        Assert.Equal(4, codes.Count(c => c == "document_empty"));
        Assert.True(codes.Length > 4);
        Assert.Equal(EndReason.TooManyErrors, (await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop))!.Ended);
    }

    [Fact]
    public async Task Document_that_kills_the_engine_ends_as_poison_and_the_others_are_answered_once_fault_21_43()
    {
        _fixture.WriteDocuments(8);
        _fixture.Job.Folder.Write("docs/doc-03x.txt", string.Join(' ', Enumerable.Repeat("poison", 40)));
        _fixture.DocumentsPerShard = 64;
        await _fixture.SubmitAsync();
        int poisonLength = 0;
        _fixture.Job.BeforeStep = plan =>
        {
            poisonLength = Math.Max(poisonLength, plan.Prefill.Select(c => c.Trim.PromptLength).DefaultIfEmpty().Max()); // It is the longest.
            if (plan.Prefill.Any(c => c.IsLast && c.Trim.PromptLength == poisonLength))
                throw new InvalidOperationException("Out of memory.");
        };
        int deaths = 0;
        for (bool isDead = true; isDead && deaths < 10;)
        {
            isDead = await Record.ExceptionAsync(() => _fixture.WorkAsync()) is BatchException;
            deaths += isDead ? 1 : 0;
            _fixture.QueueClock.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.Equal(5, deaths); // Twice among others, then three times alone.
        Assert.Equal(["poison_document"], await CodesAsync());
        Assert.Equal(8, (await RowsAsync(_fixture.Artifacts.Output)).Count);
        Assert.DoesNotContain("2", (await ErrorsAsync())[0].GetProperty("error").GetProperty("message").GetString()!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PutIfAbsent checkpoints/00000")]
    [InlineData("PutIfAbsent outputs/part-00000")]
    [InlineData("PutIfMatch state/00000")]
    [InlineData("Complete")]
    public async Task Worker_that_was_frozen_changes_nothing_when_it_wakes_up_fault_15(string frozen)
    {
        _fixture.WriteDocuments(8);
        _fixture.DocumentsPerShard = 8;
        string calm = await _fixture.ReadCalmOutputAsync();
        await _fixture.SubmitAsync();
        var isFrozen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thaw = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var points = new CrashPoints
        {
            Before = async step =>
            {
                if (step.StartsWith(frozen, StringComparison.Ordinal) && isFrozen.TrySetResult())
                    await thaw.Task;
            },
        };
        using var stop = new CancellationTokenSource();
        await using var frozenQueue = _fixture.OpenQueue(new FakeTimeProvider(_fixture.QueueClock.GetUtcNow())); // It must not see its own lock run out.
        var zombie = Task.Run(() => _fixture.WorkAsync(points, interrupt: stop, queue: frozenQueue));
        await isFrozen.Task.WaitAsync(Patience, Stop);
        _fixture.ExpireLocks();
        await _fixture.WorkAsync().WaitAsync(Patience, Stop);
        string output = await _fixture.ReadAsync(_fixture.Artifacts.Output), state = await _fixture.ReadAsync(_fixture.Artifacts.State(0));
        Assert.Equal(calm, output);

        await stop.CancelAsync();
        thaw.SetResult();
        await zombie.WaitAsync(Patience, Stop);
        Assert.Equal(output, await _fixture.ReadAsync(_fixture.Artifacts.Output));
        Assert.Equal(state, await _fixture.ReadAsync(_fixture.Artifacts.State(0)));
    }

    private JobMessage Message(int shard) => new(_fixture.Artifacts.JobId, shard, _fixture.Artifacts.Manifest, "scripted", 1);

    private async Task<List<int>> RowsAsync(string name) => [.. (await LinesAsync(name)).Select(l => l.GetProperty("x_batch").GetProperty("row").GetInt32())];

    private Task<List<JsonElement>> ErrorsAsync() => LinesAsync(_fixture.Artifacts.Errors);

    private async Task<string[]> CodesAsync() => [.. (await ErrorsAsync()).Select(l => l.GetProperty("error").GetProperty("code").GetString()!)];

    private async Task<List<JsonElement>> LinesAsync(string name) =>
        [.. (await _fixture.ReadAsync(name)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
}
