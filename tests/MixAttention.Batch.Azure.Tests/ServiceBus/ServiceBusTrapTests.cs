using MixAttention.Batch.Azure.Tests.Broker;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Queue;

namespace MixAttention.Batch.Azure.Tests.ServiceBus;

/// <summary>One test for each way in which the SDK surprises who relies on it.</summary>
public sealed class ServiceBusTrapTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Receive_that_is_cancelled_while_a_message_arrives_keeps_it_fault_46()
    {
        const int messages = 200;
        await using var bus = new BusFixture();
        var queue = bus.Open();
        var sender = bus.Open();
        int received = 0;
        for (int shard = 0; shard < messages; shard++)
        {
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var waiting = queue.ReceiveAsync(Wait, cancel.Token);
            var sending = sender.SendAsync(QueueFixture.Message(shard), cancellationToken: Stop);
            if (shard % 2 == 0)
                await sending;
            await cancel.CancelAsync();
            await sending;
            try
            {
                await CompleteAsync(await waiting);
            }
            catch (OperationCanceledException)
            {
                // It comes with a later receive, delivered once.
            }
        }

        while (received < messages)
            await CompleteAsync(await queue.ReceiveAsync(Wait, Stop));

        async Task CompleteAsync(JobDelivery? delivery)
        {
            Assert.Equal(1, delivery!.DeliveryCount);
            await queue.CompleteAsync(delivery, Stop);
            received++;
        }
    }

    [Fact]
    public async Task Credit_that_stays_after_a_receive_holds_no_message()
    {
        await using var bus = new BusFixture();
        var idle = bus.Open();
        Assert.Null(await idle.ReceiveAsync(TimeSpan.Zero, Stop));
        var other = bus.Open();
        await other.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        var delivery = await other.ReceiveAsync(Wait, Stop);
        Assert.Equal((QueueFixture.Message(0), 1), (delivery!.Message, delivery.DeliveryCount));
    }

    [Fact]
    public async Task Receive_that_came_for_nobody_goes_back_after_a_moment()
    {
        await using var bus = new BusFixture();
        var leaving = bus.Open(o => o with { Grace = TimeSpan.FromMilliseconds(50) });
        Assert.Null(await leaving.ReceiveAsync(TimeSpan.Zero, Stop));
        using (var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop))
        {
            var waiting = leaving.ReceiveAsync(Wait, cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        var other = bus.Open();
        await other.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        Assert.Equal(QueueFixture.Message(0), (await other.ReceiveAsync(Wait, Stop))!.Message);
    }

    [Fact]
    public async Task Link_that_is_detached_during_a_receive_ends_no_wait()
    {
        await using var bus = new BusFixture();
        var queue = bus.Open();
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
        var waiting = queue.ReceiveAsync(Wait, Stop);
        await bus.Broker.DetachAsync(bus.Queue, "com.microsoft:internal-error");
        await bus.Open().SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        Assert.Equal(QueueFixture.Message(0), (await waiting)!.Message);
    }

    [Fact]
    public async Task Server_that_is_busy_is_asked_again_after_its_ten_seconds_and_not_before_fault_8()
    {
        await using var bus = new BusFixture();
        var queue = bus.Open();
        bus.Fail("send", BrokerFault.Busy);
        await queue.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        Assert.Equal((1, 2), (await bus.AskAsync(q => q.Ready), bus.Count("send")));
    }

    [Fact]
    public async Task Complete_in_flight_when_the_connection_is_cut_is_done_or_comes_again_fault_4()
    {
        await using var bus = new BusFixture(new BrokerQueueSettings { LockDuration = TimeSpan.FromSeconds(2) });
        var (queue, delivery) = await bus.ReceiveOneAsync();
        bus.Fail("complete", BrokerFault.Lost);
        var completing = queue.CompleteAsync(delivery, Stop);
        while (bus.Count("complete") == 0)
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Stop);
        bus.Broker.Cut();
        var failure = await Record.ExceptionAsync(() => completing);
        Assert.True(failure is null or LockLostException or QueueException { IsTransient: true }, failure?.ToString());
        if (await bus.AskAsync(q => q.Completed) == 0)
        {
            var again = (await queue.ReceiveAsync(Wait, Stop))!;
            Assert.Equal(delivery.Message, again.Message);
            await queue.CompleteAsync(again, Stop);
        }

        Assert.Equal((0, 0, 1), await bus.AskAsync(q => (q.Ready, q.Locked, q.Completed)));
    }
}
