using MixAttention.Batch.Jobs;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Shards;

public sealed class ShardOwnershipTests : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();
    private readonly JobArtifacts _artifacts = new("job_1");
    private readonly FolderArtifactStore _store;

    public ShardOwnershipTests() => _store = new FolderArtifactStore(_folder.Path, TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Claims_count_generations()
    {
        Assert.Equal((1, "a"), Describe(await ClaimAsync("a")));
        Assert.Equal((2, "b"), Describe(await ClaimAsync("b")));
        Assert.Equal((3, "a"), Describe(await ClaimAsync("a")));
    }

    [Fact]
    public async Task Former_owner_is_fenced_from_every_guarded_write()
    {
        var former = await ClaimAsync("a");
        using var log = new CheckpointLog(_store, _artifacts, former, "f1");
        await former.CheckAsync(Stop);
        await ClaimAsync("b");
        await Assert.ThrowsAsync<FencedException>(() => former.CheckAsync(Stop));
        await Assert.ThrowsAsync<FencedException>(() => log.StartAsync([1], false, Stop));
        await Assert.ThrowsAsync<FencedException>(() => log.DrainAsync(Stop));
        await Assert.ThrowsAsync<FencedException>(() => former.FinishAsync(new ShardCounts(1, 0), "d", Stop));
        Assert.Equal(ShardStatus.Running, (await ShardOwnership.ReadAsync(_store, _artifacts.State(0), Stop))!.Value.State.Status);
    }

    [Fact]
    public async Task Of_two_claims_at_once_one_wins()
    {
        await ClaimAsync("a");
        for (int round = 0; round < 20; round++)
        {
            var history = await HistoryAsync();
            var claims = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => ShardOwnership.ClaimAsync(_store, _artifacts, 0, $"w{i}", history, Stop))));
            var generations = claims.OfType<ShardOwnership>().Select(c => c.State.Generation).ToList();
            Assert.NotEmpty(generations);
            Assert.Equal(generations.Distinct(), generations);
        }
    }

    [Fact]
    public async Task Requests_that_were_running_when_their_owner_died_are_noted()
    {
        using (var log = new CheckpointLog(_store, _artifacts, await ClaimAsync("a"), "f1"))
        {
            await log.StartAsync([1, 2], false, Stop);
            log.Add(Results.Success(1));
            await log.StartAsync([3], false, Stop);
        }

        var second = await ClaimAsync("b");
        Assert.Equal([new SuspectRow(2, 1, 0), new SuspectRow(3, 1, 0)], second.State.Suspects);
        Assert.Equal(1, second.State.Crashes);
        using (var log = new CheckpointLog(_store, _artifacts, second, "f1"))
            await log.StartAsync([3], true, Stop);
        Assert.Equal([new SuspectRow(2, 1, 0), new SuspectRow(3, 2, 1)], (await ClaimAsync("c")).State.Suspects);
        Assert.Equal([false, true], (await ClaimAsync("c")).State.Suspects.Select(s => s.RunsAlone));
    }

    [Fact]
    public async Task Owner_that_drained_did_not_crash()
    {
        using (var log = new CheckpointLog(_store, _artifacts, await ClaimAsync("a"), "f1"))
        {
            await log.StartAsync([1, 2], false, Stop);
            await log.DrainAsync(Stop);
        }

        var state = (await ClaimAsync("b")).State;
        Assert.Empty(state.Suspects);
        Assert.Equal(0, state.Crashes);
    }

    [Fact]
    public async Task Owner_that_is_alive_did_not_crash()
    {
        using (var log = new CheckpointLog(_store, _artifacts, await ClaimAsync("a"), "f1"))
            await log.StartAsync([1], false, Stop);
        Assert.Empty((await ClaimAsync("a")).State.Suspects);
    }

    [Fact]
    public async Task Suspect_that_finishes_is_cleared()
    {
        using (var log = new CheckpointLog(_store, _artifacts, await ClaimAsync("a"), "f1"))
            await log.StartAsync([1], false, Stop);
        using (var log = new CheckpointLog(_store, _artifacts, await ClaimAsync("b"), "f1"))
        {
            await log.StartAsync([1], false, Stop);
            log.Add(Results.Success(1));
            await log.FlushAsync(Stop);
        }

        Assert.Empty((await ClaimAsync("c")).State.Suspects);
    }

    [Fact]
    public async Task Checkpoint_of_another_fingerprint_or_damaged_is_discarded_and_counted()
    {
        using (var log = new CheckpointLog(_store, _artifacts, await ClaimAsync("a"), "f1"))
        {
            log.Add(Results.Success(1));
            await log.FlushAsync(Stop);
            log.Add(Results.Success(2));
            await log.FlushAsync(Stop);
        }

        string name = _artifacts.Checkpoint(0, 1, 1);
        byte[] bytes = (await _store.ReadBytesAsync(name, Stop))!.Bytes;
        await _store.PutIfMatchAsync(name, null, bytes.AsMemory(0, bytes.Length - 9), Stop);
        var history = await HistoryAsync();
        Assert.Equal([1], history.Finished.Keys);
        Assert.Equal(1, history.Discarded);
        var other = await ShardHistory.ReadAsync(_store, _artifacts, 0, "f2", Stop);
        Assert.Empty(other.Finished);
        Assert.Equal(2, other.Discarded);
    }

    private async Task<ShardOwnership> ClaimAsync(string owner) => (await ShardOwnership.ClaimAsync(_store, _artifacts, 0, owner, await HistoryAsync(), Stop))!;

    private Task<ShardHistory> HistoryAsync() => ShardHistory.ReadAsync(_store, _artifacts, 0, "f1", Stop);

    private static (int Generation, string Owner) Describe(ShardOwnership ownership) => (ownership.State.Generation, ownership.State.Owner);
}
