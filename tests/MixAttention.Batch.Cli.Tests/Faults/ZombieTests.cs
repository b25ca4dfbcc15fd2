using System.Text.Json;

namespace MixAttention.Batch.Cli.Tests.Faults;

/// <summary>Stops processes of <c>mixbatch worker</c> with SIGSTOP until their lock has run out and another worker has finished the job, then lets them go on with SIGCONT.</summary>
[Collection("processes")]
public sealed class ZombieTests : IDisposable
{
    // One shard: a process that is stopped within a change of the queue's file would keep the others from it.
    private readonly FaultFixture _fixture = new(FaultFixture.OneShard);

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("PutIfAbsent checkpoints/#1")]
    [InlineData("PutIfAbsent checkpoints/#4")]
    [InlineData("PutIfAbsent outputs/part-#1")]
    [InlineData("PutIfMatch state/#1")]
    [InlineData("Delete checkpoints/#1")]
    [InlineData("Complete#1")]
    public async Task Worker_that_was_stopped_changes_nothing_when_it_goes_on_fault_15(string place)
    {
        await _fixture.SubmitAsync();
        var (zombie, computed) = _fixture.Start(FaultyMixBatch.HoldBefore, place);
        using var _ = zombie;
        Assert.Equal("reached", await zombie.ReadLineAsync());
        zombie.Stop();
        int computedBefore = FaultFixture.ReadLengths(computed).Count();
        var started = await ReadStartedAsync();
        await _fixture.FinishAsync();

        zombie.Go();
        zombie.Continue();
        await zombie.ReadToEndAsync();
        await _fixture.AssertUndisturbedAsync();

        // What it computes after it woke up is what it had in hand; each further request needs a guarded write first.
        var wasted = await _fixture.RowsAsync(FaultFixture.ReadLengths(computed).Skip(computedBefore));
        started.UnionWith(await ReadStartedAsync());
        Assert.Empty(wasted.Except(started));
    }

    /// <summary>Reads which requests checkpoints say to be on their way to an engine.</summary>
    private async Task<HashSet<int>> ReadStartedAsync()
    {
        var rows = new HashSet<int>();
        await foreach (var artifact in _fixture.Store.ListAsync($"{FaultFixture.Artifacts.Root}checkpoints/", TestContext.Current.CancellationToken))
        {
            string header = (await _fixture.ReadAsync(artifact.Name)).Split('\n')[0];
            rows.UnionWith(JsonDocument.Parse(header).RootElement.GetProperty("started").EnumerateArray().Select(r => r.GetInt32()));
        }

        return rows;
    }
}
