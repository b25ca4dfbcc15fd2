using MixAttention.Batch.Tests.Queue;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>A lock is renewed in time; failures are told from losses.</summary>
public sealed class LockRenewerTests : IAsyncDisposable
{
    private readonly SqliteQueue _file = new();
    private readonly TimerCountingTime _workerClock = new();
    private int _failures;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static TimeSpan LockDuration => QueueFixture.LockDuration;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Fact]
    public async Task Lock_is_renewed_after_a_third_of_its_time()
    {
        await using var queue = Open();
        await using var renewer = await StartAsync(queue);
        for (int i = 0; i < 6; i++)
            Assert.True(await AdvanceAsync(renewer, LockDuration / 3));
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Lock_that_is_lost_is_told_fault_2()
    {
        await using var queue = Open();
        await using var renewer = await StartAsync(queue);
        _file.Time.Advance(LockDuration * 2); // The queue's clock is ahead: somebody else may have it.
        Assert.NotNull(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
        Assert.False(await AdvanceAsync(renewer, LockDuration / 3));
    }

    [Fact]
    public async Task Renewal_that_fails_is_asked_again_while_the_lock_stands_fault_3()
    {
        await using var queue = Open();
        await using var renewer = await StartAsync(queue);
        _failures = 3;
        Assert.True(await AdvanceAsync(renewer, LockDuration / 3));
        for (int i = 0; i < 3; i++)
            Assert.True(await AdvanceAsync(renewer, LockDuration / 20));
        Assert.True(await AdvanceAsync(renewer, LockDuration / 3));
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Renewal_that_keeps_failing_loses_the_lock_when_its_time_is_over_fault_1()
    {
        await using var queue = Open();
        await using var renewer = await StartAsync(queue);
        _failures = int.MaxValue;
        Assert.True(await AdvanceAsync(renewer, LockDuration / 3));
        int again = 0;
        while (await AdvanceAsync(renewer, LockDuration / 20))
            again++;
        Assert.InRange(again, 10, 14); // Two thirds of the lock's time, by twentieths.
    }

    private FaultingJobQueue Open() => new(_file.Open(), new CallFaults((point, _) =>
        point is { Verb: "RenewAsync", IsAfter: false } && _failures-- > 0 ? throw FaultingJobQueue.Outage(point.Verb) : ValueTask.CompletedTask));

    private async Task<LockRenewer> StartAsync(FaultingJobQueue queue)
    {
        await queue.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        var renewer = new LockRenewer(queue, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!, _workerClock);
        Assert.True(await WaitAsync(renewer));
        return renewer;
    }

    /// <summary>Lets time pass on both clocks.</summary>
    /// <returns>Whether the renewer waits again then; false when it has told that the lock is lost.</returns>
    private Task<bool> AdvanceAsync(LockRenewer renewer, TimeSpan time)
    {
        _file.Time.Advance(time);
        _workerClock.Advance(time);
        return WaitAsync(renewer);
    }

    private async Task<bool> WaitAsync(LockRenewer renewer)
    {
        try
        {
            await _workerClock.TimersMade.WaitAsync(renewer.Lost).WaitAsync(TimeSpan.FromSeconds(20), Stop);
            return true;
        }
        catch (OperationCanceledException) when (renewer.Lost.IsCancellationRequested)
        {
            return false;
        }
    }
}
