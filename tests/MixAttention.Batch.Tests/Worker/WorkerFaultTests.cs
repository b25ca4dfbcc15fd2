using System.Text;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>Single faults of store, queue, clock and messages, each by its number.</summary>
public sealed class WorkerFaultTests : IAsyncDisposable
{
    private const int Documents = 8;

    private readonly WorkerFixture _fixture = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData("CompleteAsync", "", 1)]
    [InlineData("CompleteAsync", "", 2)]
    public async Task Completion_whose_reply_is_lost_costs_nothing_fault_5(string verb, string about, int occurrence)
    {
        string calm = await SubmitAsync();
        Assert.Equal(Documents, await WorkAsync(queue: Once(verb, about, occurrence, isAfter: true, FaultingJobQueue.Outage)));
        Assert.Equal(0, await FinishAsync(calm));
    }

    [Theory]
    [InlineData("PutIfAbsentAsync", "outputs/part-00000")]
    [InlineData("PutIfAbsentAsync", "outputs/part-00001")]
    [InlineData("PutIfMatchAsync", "state/00001")]
    [InlineData("PutIfAbsentAsync", "_COMMITTED")]
    public async Task Write_whose_reply_is_lost_is_found_and_not_made_again_fault_13(string verb, string about)
    {
        string calm = await SubmitAsync();
        Assert.Equal(Documents, await WorkAsync(store: Once(verb, about, 1, isAfter: true, FaultingArtifactStore.Outage)));
        Assert.Equal(0, await FinishAsync(calm));
    }

    [Theory]
    [InlineData("ReadAsync", "manifest")]
    [InlineData("ReadAsync", "plan/")]
    [InlineData("ListAsync", "checkpoints/")]
    [InlineData("PutIfAbsentAsync", "numerics")]
    [InlineData("PutIfAbsentAsync", "state/00000")]
    [InlineData("PutIfAbsentAsync", "checkpoints/00000")]
    [InlineData("PutIfAbsentAsync", "outputs/part-00000")]
    [InlineData("PutIfMatchAsync", "state/00000")]
    [InlineData("DeleteAsync", "checkpoints/00000")]
    [InlineData("PutIfAbsentAsync", "output.jsonl")]
    [InlineData("PutIfAbsentAsync", "errors.jsonl")]
    [InlineData("PutIfAbsentAsync", "_COMMITTED")]
    public async Task Store_that_fails_once_delays_a_shard_and_nothing_else_fault_12(string verb, string about)
    {
        string calm = await SubmitAsync();
        long computed = await WorkAsync(store: Once(verb, about, 1, isAfter: false, FaultingArtifactStore.Outage));
        Assert.Equal(Documents - computed, await FinishAsync(calm));
    }

    [Fact]
    public async Task Queue_that_fails_is_asked_again_after_a_pause_fault_8()
    {
        var time = new TimerCountingTime();
        int asked = 0;
        var outage = new CallFaults((point, _) => point.Verb == "ReceiveAsync" && Interlocked.Increment(ref asked) < 4 ? throw FaultingJobQueue.Outage(point.Verb) : ValueTask.CompletedTask);
        await using var engine = new EngineHost(_fixture.Job.Model, time);
        using var worker = new BatchWorker(_fixture.Store, new FaultingJobQueue(_fixture.Queue, outage), engine, new WorkerOptions { IdleTime = TimeSpan.FromSeconds(6) }, time);
        var running = worker.RunAsync(Stop);
        for (int pause = 1; pause <= 3; pause++)
        {
            Assert.True(await time.TimersMade.WaitAsync(TimeSpan.FromSeconds(20), Stop));
            Assert.Equal(pause, asked); // It waits, and nothing but time ends that.
            time.Advance(TimeSpan.FromSeconds(2));
        }

        _fixture.QueueClock.Advance(TimeSpan.FromSeconds(6));
        await running.WaitAsync(TimeSpan.FromSeconds(20), Stop);
    }

    [Fact]
    public async Task Message_that_comes_twice_at_once_is_worked_on_once_fault_6()
    {
        _fixture.DocumentsPerShard = Documents;
        string calm = await SubmitAsync();
        await _fixture.Queue.SendAsync(new JobMessage(_fixture.Artifacts.JobId, 0, _fixture.Artifacts.Manifest, "scripted", 1), cancellationToken: Stop);
        var bothClaim = new CountdownEvent(2);
        var points = Enumerable.Range(0, 2).Select(_ => new CallFaults((point, _) =>
        {
            if (point is { Verb: "PutIfAbsentAsync", IsAfter: false } && point.Step.Contains("state/00000", StringComparison.Ordinal))
            {
                bothClaim.Signal();
                bothClaim.Wait(Stop);
            }

            return ValueTask.CompletedTask;
        }));
        long[] computed = await Task.WhenAll(points.Select(p => Task.Run(() => WorkAsync(store: p))));
        Assert.Equal(Documents, computed.Sum());
        Assert.Equal(0, await FinishAsync(calm));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-10)]
    public async Task Clock_that_is_set_while_a_worker_runs_changes_no_result_fault_29(int minutes)
    {
        string calm = await SubmitAsync();
        var steps = new CallFaults((point, _) =>
        {
            if (!point.IsAfter && point.Step.StartsWith("PutIfAbsent outputs/part", StringComparison.Ordinal))
                _fixture.QueueClock.AdjustTime(_fixture.QueueClock.GetUtcNow().AddMinutes(minutes));
            return ValueTask.CompletedTask;
        });
        Assert.InRange(await WorkAsync(store: steps), Documents, 2 * Documents); // Locks that end early may bring a shard twice.
        Assert.Equal(0, await FinishAsync(calm));
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("bit")]
    [InlineData("version")]
    public async Task Checkpoint_that_is_damaged_is_passed_over_and_counted_fault_17(string damage)
    {
        _fixture.DocumentsPerShard = Documents;
        _fixture.Job.MaxSequences = 1;
        string calm = await SubmitAsync();
        await _fixture.StopMidwayAsync(steps: 30);

        int kept = await _fixture.CountKeptAsync();
        Assert.InRange(kept, 1, Documents - 1);
        int segments = 0;
        await foreach (var segment in _fixture.Store.ListAsync(_fixture.Artifacts.Checkpoints(0), Stop))
        {
            byte[] bytes = (await _fixture.Store.ReadBytesAsync(segment.Name, Stop))!.Bytes;
            await _fixture.Store.PutIfMatchAsync(segment.Name, null, Damage(bytes, damage), Stop);
            segments++;
        }

        int discarded = 0;
        Assert.Equal(Documents, await _fixture.WorkAsync(counts: c => discarded = c.DiscardedCheckpoints));
        Assert.Equal(segments, discarded);
        Assert.Equal(0, await FinishAsync(calm));
    }

    private static byte[] Damage(byte[] bytes, string damage)
    {
        if (damage == "cut")
            return bytes[..^7];
        if (damage == "version")
            return Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace("batch.checkpoint/1", "batch.checkpoint/2", StringComparison.Ordinal));
        bytes[bytes.Length / 3] ^= 1;
        return bytes;
    }

    /// <returns>What an undisturbed run gives.</returns>
    private async Task<string> SubmitAsync()
    {
        _fixture.WriteDocuments(Documents);
        string calm = await _fixture.ReadCalmOutputAsync();
        await _fixture.SubmitAsync();
        return calm;
    }

    /// <summary>Runs a worker until the queue has nothing for it at present.</summary>
    /// <returns>The requests that it has computed.</returns>
    private async Task<long> WorkAsync(CallFaults? store = null, CallFaults? queue = null)
    {
        var none = new CallFaults((_, _) => ValueTask.CompletedTask);
        await using var engine = new EngineHost(_fixture.Job.Model, TimeProvider.System);
        using var worker = new BatchWorker(
            new FaultingArtifactStore(_fixture.Store, store ?? none), new FaultingJobQueue(_fixture.Queue, queue ?? none), engine, new WorkerOptions { IdleTime = TimeSpan.Zero }, TimeProvider.System);
        await worker.RunAsync(Stop);
        return engine.Snapshot.SequencesFinished;
    }

    /// <summary>Lets what was delayed or locked come again, and checks the results.</summary>
    /// <returns>The requests that were computed.</returns>
    private async Task<long> FinishAsync(string calm)
    {
        _fixture.QueueClock.Advance(TimeSpan.FromHours(1));
        long computed = await WorkAsync();
        Assert.Equal(calm, await _fixture.ReadAsync(_fixture.Artifacts.Output));
        Assert.Equal(new QueueCounts(0, 0, 0, 0), await _fixture.Queue.CountAsync(Stop));
        return computed;
    }

    private static CallFaults Once(string verb, string about, int occurrence, bool isAfter, Func<string, Exception> outage) =>
        CallFaults.Once(p => p.Verb == verb && p.IsAfter == isAfter && p.About.Contains(about, StringComparison.Ordinal), occurrence, () => outage(verb));
}
