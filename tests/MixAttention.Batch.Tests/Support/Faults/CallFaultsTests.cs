using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Queue;

namespace MixAttention.Batch.Tests.Support.Faults;

/// <summary>Sees that faults are what tests of the worker take them for.</summary>
public sealed class CallFaultsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private FolderArtifactStore Store => new(_folder["store"], TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Reply_that_is_lost_leaves_the_call_s_effect()
    {
        var lost = CallFaults.Once(p => p is { Verb: nameof(IArtifactStore.PutIfAbsentAsync), About: "a", IsAfter: true }, occurrence: 1, () => FaultingArtifactStore.Outage("the end"));
        var store = new FaultingArtifactStore(Store, lost);
        await Assert.ThrowsAsync<StoreException>(() => store.PutIfAbsentAsync("a", "text"u8.ToArray(), Stop));
        Assert.Null(await store.PutIfAbsentAsync("a", "text"u8.ToArray(), Stop));
        Assert.Equal("text"u8.ToArray(), (await store.ReadBytesAsync("a", Stop))!.Bytes);
    }

    [Fact]
    public async Task Message_whose_delivery_is_lost_comes_again_fault_46()
    {
        await using var file = new SqliteQueue();
        var lost = CallFaults.Once(p => p is { Verb: nameof(IJobQueue.ReceiveAsync), IsAfter: true }, occurrence: 1, () => FaultingJobQueue.Outage("the end"));
        await using var queue = new FaultingJobQueue(file.Open(), lost);
        await queue.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        await Assert.ThrowsAsync<QueueException>(() => queue.ReceiveAsync(TimeSpan.Zero, Stop));
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
        await file.PassAsync(QueueFixture.LockDuration);
        Assert.Equal(2, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!.DeliveryCount);
    }

    [Fact]
    public async Task Chaos_of_one_seed_is_the_same_and_strikes_both_ends()
    {
        var first = await StruckAsync(seed: 4);
        Assert.Equal(first, await StruckAsync(seed: 4));
        Assert.NotEqual(first, await StruckAsync(seed: 5));
        Assert.Contains(first, point => point.Contains("IsAfter = True", StringComparison.Ordinal));
        Assert.Contains(first, point => point.Contains("IsAfter = False", StringComparison.Ordinal));
    }

    private async Task<List<string>> StruckAsync(int seed)
    {
        var store = new FaultingArtifactStore(Store, CallFaults.Chaos(seed, rate: 0.2, TimeSpan.FromTicks(1), FaultingArtifactStore.Outage, TimeProvider.System));
        var struck = new List<string>();
        for (int i = 0; i < 50; i++)
        {
            try
            {
                await store.ReadBytesAsync($"a/{i}", Stop);
            }
            catch (StoreException e)
            {
                struck.Add(e.Message);
            }
        }

        return struck;
    }
}
