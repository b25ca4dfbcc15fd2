using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

public sealed class SuspectWarningTests : IAsyncDisposable
{
    private readonly WorkerFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Requests_that_run_alone_after_crashes_are_announced_in_one_line()
    {
        for (int i = 0; i < 3; i++)
            _fixture.Job.Folder.Write($"docs/{i}.txt", $"w{i} w1");
        await _fixture.SubmitAsync();
        var warnings = new List<string>();
        var options = new WorkerOptions { Warn = warnings.Add };
        for (int crash = 0; crash < 2; crash++)
        {
            // An engine that dies leaves its requests under suspicion, as a process that is killed does.
            _fixture.Job.BeforeStep = _ => throw new InvalidOperationException("The device fell off the bus.");
            await Assert.ThrowsAsync<BatchException>(() => _fixture.WorkAsync(options: options));
            _fixture.ExpireLocks();
        }

        Assert.Empty(warnings);
        _fixture.Job.BeforeStep = null;
        await _fixture.WorkAsync(options: options);
        Assert.Equal("3 of 3 requests of shard 0 were running in 2 or more crashes, so they run at the end, one at a time, until it is clear which one kills its worker.", Assert.Single(warnings));
    }
}
