using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Azure.ServiceBus;
using MixAttention.Batch.Azure.Tests.Broker;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Queue;

namespace MixAttention.Batch.Azure.Tests.ServiceBus;

/// <summary>Faults of a queue that lies at the other end of a network.</summary>
public sealed class ServiceBusFaultTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lock_that_ran_out_gives_the_message_to_one_other_fault_1_6()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var bus = new BusFixture(time: time);
        var (slow, first) = await bus.ReceiveOneAsync();
        time.Advance(TimeSpan.FromMinutes(1));
        await bus.Broker.TickAsync();
        var other = bus.Open();
        var second = (await other.ReceiveAsync(Wait, Stop))!;
        await Assert.ThrowsAsync<LockLostException>(() => slow.CompleteAsync(first, Stop));
        await other.CompleteAsync(second, Stop);
        Assert.Equal((0, 0, 1), await bus.AskAsync(q => (q.Ready, q.Locked, q.Completed)));
    }

    [Fact]
    public async Task Renewal_that_has_no_reply_says_nothing_about_the_lock_fault_2_3()
    {
        await using var bus = new BusFixture();
        var (queue, delivery) = await bus.ReceiveOneAsync(o => o with { CallTimeout = TimeSpan.FromSeconds(1) });
        bus.Fail("renew-lock", BrokerFault.Lost);
        Assert.True((await Assert.ThrowsAsync<QueueException>(() => queue.RenewAsync(delivery, Stop))).IsTransient);
        await queue.RenewAsync(delivery, Stop);
        await queue.CompleteAsync(delivery, Stop);
        await Assert.ThrowsAsync<LockLostException>(() => queue.RenewAsync(delivery, Stop));
    }

    [Fact]
    public async Task Completion_that_is_lost_on_its_way_is_made_again_fault_4()
    {
        await using var bus = new BusFixture();
        var (queue, delivery) = await bus.ReceiveOneAsync();
        bus.Fail("complete", BrokerFault.Lost);
        await queue.CompleteAsync(delivery, Stop);
        Assert.Equal((1, 2), (await bus.AskAsync(q => q.Completed), bus.Count("complete")));
    }

    [Fact]
    public async Task Completion_whose_reply_is_lost_is_a_success_fault_5()
    {
        await using var bus = new BusFixture();
        var (queue, delivery) = await bus.ReceiveOneAsync();
        bus.Fail("complete", BrokerFault.ReplyLost);
        await queue.CompleteAsync(delivery, Stop);
        Assert.Equal(1, await bus.AskAsync(q => q.Completed));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Silence_ends_with_a_new_connection_where_there_are_messages_fault_9(bool hasMessages)
    {
        await using var bus = new BusFixture();
        var queue = bus.Open(o => o with { SilenceLimit = TimeSpan.Zero, LongestReceive = TimeSpan.FromMilliseconds(200) });
        bus.Broker.WithholdsMessages = true;
        if (hasMessages)
            await bus.Open().SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        var waiting = queue.ReceiveAsync(hasMessages ? Wait : TimeSpan.FromSeconds(1), Stop);
        if (!hasMessages)
        {
            Assert.Null(await waiting);
            Assert.Equal(0, queue.Replacements);
            return;
        }

        while (queue.Replacements == 0)
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Stop);
        bus.Broker.WithholdsMessages = false;
        Assert.Equal(QueueFixture.Message(0), (await waiting)!.Message);
    }

    [Fact]
    public async Task Token_that_ran_out_is_an_outage_and_a_missing_role_is_none_fault_19()
    {
        await using var bus = new BusFixture();
        var (queue, delivery) = await bus.ReceiveOneAsync();
        bus.Fail("renew-lock", BrokerFault.Unauthorized);
        Assert.True((await Assert.ThrowsAsync<QueueException>(() => queue.RenewAsync(delivery, Stop))).IsTransient);
        await queue.CompleteAsync(delivery, Stop);

        bus.Fail("attach", BrokerFault.Unauthorized, times: 100);
        var refused = await Assert.ThrowsAsync<QueueException>(() => bus.Open().SendAsync(QueueFixture.Message(1), cancellationToken: Stop));
        Assert.False(refused.IsTransient);
        Assert.Contains("Azure Service Bus Data Sender", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queue_that_is_missing_is_told()
    {
        await using var bus = new BusFixture();
        await using var queue = ServiceBusJobQueue.OpenEmulator(bus.Address with { Queue = "other" }, new ServiceBusQueueOptions(), TimeProvider.System);
        var missing = await Assert.ThrowsAsync<QueueException>(() => queue.ReceiveAsync(TimeSpan.Zero, Stop));
        Assert.False(missing.IsTransient);
        Assert.Contains("/other: there is no such queue", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_that_are_cut_at_random_lose_and_double_nothing()
    {
        const int messages = 60;
        await using var bus = new BusFixture(new BrokerQueueSettings { LockDuration = TimeSpan.FromSeconds(2), MaxDeliveryCount = 1000, DuplicateWindow = TimeSpan.FromHours(1) });
        var queue = bus.Open();
        var done = new HashSet<int>();
        var cutting = Task.Run(
            async () =>
            {
                for (int cut = 0; cut < 8; cut++)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(150), TimeProvider.System, Stop);
                    bus.Broker.Cut();
                }
            },
            Stop);
        for (int shard = 0; shard < messages; shard++)
            await AgainAsync(() => queue.SendAsync(QueueFixture.Message(shard), cancellationToken: Stop));
        while (await bus.AskAsync(q => q.Completed) < messages)
        {
            await AgainAsync(async () =>
            {
                if (await queue.ReceiveAsync(TimeSpan.FromSeconds(1), Stop) is not { } delivery)
                    return;
                done.Add(delivery.Message!.Shard);
                await queue.CompleteAsync(delivery, Stop);
            });
        }

        await cutting;
        Assert.Equal(messages, done.Count);
        Assert.Equal((0, 0, messages), await bus.AskAsync(q => (q.Ready, q.Locked, q.Completed)));
    }

    [Fact]
    public async Task Stop_takes_seconds_also_where_the_service_hangs()
    {
        await using var bus = new BusFixture();
        var (queue, _) = await bus.ReceiveOneAsync(o => o with { CloseTimeout = TimeSpan.FromMilliseconds(500) });
        bus.Fail("abandon", BrokerFault.Lost, times: 100);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var waiting = queue.ReceiveAsync(Wait, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await queue.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, Stop);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => queue.SendAsync(QueueFixture.Message(1), cancellationToken: Stop));
    }

    private static async Task AgainAsync(Func<Task> call)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (QueueException e) when (e.IsTransient)
            {
                // The next try tells.
            }
            catch (LockLostException)
            {
                return; // It comes again.
            }
        }
    }
}
