using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Tests.Queue;

/// <summary>Fault 29: the machine's clock is set while messages are locked or delayed.</summary>
public sealed class SqliteQueueClockTests : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(10);

    private readonly SqliteQueue _file = new();
    private readonly IJobQueue _queue;

    public SqliteQueueClockTests() => _queue = _file.Open();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _queue.DisposeAsync();
        await _file.DisposeAsync();
    }

    [Fact]
    public async Task Clock_set_back_makes_no_lock_longer_fault_29()
    {
        await ReceiveAsync();
        SetClock(-Step);
        Assert.Null(await _queue.ReceiveAsync(TimeSpan.Zero, Stop));
        _file.Time.Advance(QueueFixture.LockDuration);
        Assert.NotNull(await _queue.ReceiveAsync(TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Clock_set_back_makes_no_delay_longer_fault_29()
    {
        await _queue.SendAsync(QueueFixture.Message(0), TimeSpan.FromMinutes(3), Stop);
        SetClock(-Step);
        Assert.Null(await _queue.ReceiveAsync(TimeSpan.Zero, Stop));
        _file.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.NotNull(await _queue.ReceiveAsync(TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Clock_set_back_takes_no_lock_from_its_holder_fault_29()
    {
        var delivery = await ReceiveAsync();
        SetClock(-Step);
        Assert.Null(await _queue.ReceiveAsync(TimeSpan.Zero, Stop));
        Assert.Equal(_file.Time.GetUtcNow() + QueueFixture.LockDuration, await _queue.RenewAsync(delivery!, Stop));
        await _queue.CompleteAsync(delivery!, Stop);
    }

    [Fact]
    public async Task Clock_set_forward_ends_locks_and_never_gives_a_message_two_holders_fault_29()
    {
        var first = await ReceiveAsync();
        SetClock(Step);
        var second = await _queue.ReceiveAsync(TimeSpan.Zero, Stop);
        Assert.Equal(2, second!.DeliveryCount);
        await Assert.ThrowsAsync<LockLostException>(() => _queue.RenewAsync(first!, Stop));
        await Assert.ThrowsAsync<LockLostException>(() => _queue.CompleteAsync(first!, Stop));
        SetClock(-Step); // Back to where the first lock would still last.
        await Assert.ThrowsAsync<LockLostException>(() => _queue.CompleteAsync(first!, Stop));
        await _queue.CompleteAsync(second, Stop);
    }

    [Fact]
    public async Task Clock_set_back_while_waiting_does_not_prolong_the_wait_fault_29()
    {
        var waiting = _queue.ReceiveAsync(TimeSpan.FromMinutes(1), Stop);
        SetClock(-Step);
        for (int seconds = 0; !waiting.IsCompleted; seconds++)
        {
            _file.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Null(await waiting);
    }

    private async Task<JobDelivery?> ReceiveAsync()
    {
        await _queue.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        return await _queue.ReceiveAsync(TimeSpan.Zero, Stop);
    }

    private void SetClock(TimeSpan step) => _file.Time.AdjustTime(_file.Time.GetUtcNow() + step);
}
