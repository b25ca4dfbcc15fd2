using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>Workers whose store and queue delay any call, fail it, or lose its reply.</summary>
public sealed class ChaosTests : IAsyncDisposable
{
    private const int Documents = 24;
    private const int Rounds = 200;
    private const double Rate = 0.1;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromMilliseconds(200); // of hurried time

    private readonly WorkerFixture _fixture = new() { DocumentsPerShard = 6 };
    private readonly HurriedTime _time = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Calls_that_fail_or_lose_their_reply_lose_no_request_and_change_no_byte_fault_12_13(int seed)
    {
        _fixture.WriteDocuments(Documents);
        string calm = await _fixture.ReadCalmOutputAsync();
        await _fixture.SubmitAsync();
        int differing = 0, faults = 0;
        for (int round = 0; round < Rounds && await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop) is null; round++)
        {
            differing += (await Task.WhenAll(Enumerable.Range(0, 2).Select(worker => WorkAsync((seed * 10_000) + (round * 2) + worker, () => Interlocked.Increment(ref faults))))).Sum();
            _fixture.QueueClock.Advance(TimeSpan.FromMinutes(10)); // Back-offs and lost locks end.
        }

        await _fixture.WorkUntilIdleAsync(); // Nothing is left but messages whose completion failed.
        Assert.Equal(calm, await _fixture.ReadAsync(_fixture.Artifacts.Output));
        Assert.Equal("", await _fixture.ReadAsync(_fixture.Artifacts.Errors));
        Assert.Equal(0, differing);
        Assert.True(faults > 5, $"{faults} faults are no chaos.");
        Assert.Equal(new QueueCounts(0, 0, 0, 0), await _fixture.Queue.CountAsync(Stop));
    }

    /// <returns>The shards whose part was there with other bytes.</returns>
    private async Task<int> WorkAsync(int seed, Action onFault)
    {
        await using var engine = new EngineHost(_fixture.Job.Model, _time);
        var store = new FaultingArtifactStore(_fixture.Store, Chaos(seed, FaultingArtifactStore.Outage, onFault));
        await using var queue = new FaultingJobQueue(_fixture.OpenQueue(_fixture.QueueClock), Chaos(-seed, FaultingJobQueue.Outage, onFault));
        using var worker = new BatchWorker(store, queue, engine, new WorkerOptions { IdleTime = TimeSpan.Zero }, _time);
        await worker.RunAsync(Stop);
        return worker.Counts.DifferingParts;
    }

    private CallFaults Chaos(int seed, Func<string, Exception> outage, Action onFault) => CallFaults.Chaos(
        seed,
        Rate,
        LongestDelay,
        point =>
        {
            onFault();
            return outage(point);
        },
        _time);
}
