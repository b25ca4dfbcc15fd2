using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Azure.Tests.Broker;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Queue;

namespace MixAttention.Batch.Azure.Tests.ServiceBus;

/// <summary>One test for each rule of the service that the queue must know.</summary>
public sealed class ServiceBusRuleTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Message_size_is_far_below_what_the_service_takes()
    {
        await using var bus = new BusFixture(new BrokerQueueSettings { MaxMessageBytes = 8 * 1024 });
        var queue = bus.Open();
        var longest = QueueFixture.Message(0) with { ModelName = new string('m', 3900), Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
        await queue.SendAsync(longest, cancellationToken: Stop);
        Assert.Equal(longest, (await queue.ReceiveAsync(Wait, Stop))!.Message);
        var tooLarge = await Assert.ThrowsAsync<ServiceBusException>(() => bus.OpenClient().CreateSender(BusFixture.Name).SendMessageAsync(new ServiceBusMessage(new byte[9000]), Stop));
        Assert.Equal(ServiceBusFailureReason.MessageSizeExceeded, tooLarge.Reason);
    }

    [Fact]
    public async Task Lock_that_is_shorter_than_configured_is_noticed()
    {
        await using var bus = new BusFixture(new BrokerQueueSettings { LockDuration = TimeSpan.FromSeconds(20) });
        var queue = bus.Open(o => o with { LockDuration = TimeSpan.FromMinutes(5) });
        Assert.Equal(TimeSpan.FromMinutes(5), queue.LockDuration);
        await queue.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        await queue.ReceiveAsync(Wait, Stop);
        Assert.InRange(queue.LockDuration, TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(4));
    }

    [Fact]
    public async Task Sdk_auto_renew_takes_no_part()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var bus = new BusFixture(time: time);
        var (queue, delivery) = await bus.ReceiveOneAsync();
        time.Advance(TimeSpan.FromMinutes(1));
        await bus.Broker.TickAsync();
        Assert.Equal(0, bus.Count("renew-lock"));
        await Assert.ThrowsAsync<LockLostException>(() => queue.RenewAsync(delivery, Stop));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Amqp_link_loss_may_lose_the_lock_and_never_the_message(bool settlesLocksOfGoneLinks)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var bus = new BusFixture(new BrokerQueueSettings { SettlesLocksOfGoneLinks = settlesLocksOfGoneLinks }, time);
        var (queue, delivery) = await bus.ReceiveOneAsync();
        await bus.Broker.DetachAsync(bus.Queue, "amqp:link:detach-forced");
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop)); // Over a new link.
        var completing = queue.CompleteAsync(delivery, Stop);
        if (settlesLocksOfGoneLinks)
        {
            await completing;
            Assert.Equal(1, await bus.AskAsync(q => q.Completed));
            return;
        }

        await Assert.ThrowsAsync<LockLostException>(() => completing);
        Assert.Equal(1, await bus.AskAsync(q => q.Locked));
        time.Advance(TimeSpan.FromMinutes(1));
        await bus.Broker.TickAsync();
        var again = (await queue.ReceiveAsync(Wait, Stop))!;
        Assert.Equal((delivery.Message, 2), (again.Message, again.DeliveryCount));
        await queue.CompleteAsync(again, Stop);
    }

    [Fact]
    public async Task Lock_tokens_are_new_at_each_delivery()
    {
        await using var bus = new BusFixture();
        var (queue, first) = await bus.ReceiveOneAsync();
        await queue.GiveBackAsync(first, TimeSpan.Zero, countsAsFailure: false, Stop);
        var second = (await queue.ReceiveAsync(Wait, Stop))!;
        Assert.NotEqual(first.LockToken, second.LockToken);
        await Assert.ThrowsAsync<LockLostException>(() => queue.CompleteAsync(first, Stop));
        await queue.CompleteAsync(second, Stop);
    }

    [Fact]
    public async Task Read_ahead_is_none()
    {
        await using var bus = new BusFixture();
        var queue = bus.Open();
        for (int shard = 0; shard < 3; shard++)
            await queue.SendAsync(QueueFixture.Message(shard), cancellationToken: Stop);
        await queue.ReceiveAsync(Wait, Stop);
        Assert.Equal((2, 1), await bus.AskAsync(q => (q.Ready, q.Locked)));
    }

    [Fact]
    public async Task Delivery_count_of_the_service_puts_aside_with_a_cure()
    {
        await using var bus = new BusFixture(new BrokerQueueSettings { MaxDeliveryCount = 2 });
        var (queue, delivery) = await bus.ReceiveOneAsync();
        await queue.GiveBackAsync(delivery, TimeSpan.Zero, countsAsFailure: false, Stop);
        await queue.GiveBackAsync((await queue.ReceiveAsync(Wait, Stop))!, TimeSpan.Zero, countsAsFailure: false, Stop);
        var aside = Assert.Single(await queue.ListAsideAsync(Stop).ToListAsync(Stop));
        Assert.Equal(("MaxDeliveryCountExceeded", delivery.Message), (aside.Reason, aside.Message));
        Assert.Contains("workers died", aside.Cure, StringComparison.Ordinal);
        Assert.True(await queue.ResendAsync(aside, Stop));
        Assert.Equal(1, (await queue.ReceiveAsync(Wait, Stop))!.DeliveryCount);
    }

    [Fact]
    public async Task Duplicate_detection_ends_with_its_window()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var bus = new BusFixture(new BrokerQueueSettings { DuplicateWindow = TimeSpan.FromMinutes(10) }, time);
        var (queue, delivery) = await bus.ReceiveOneAsync();
        await queue.CompleteAsync(delivery, Stop);
        await queue.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        Assert.Equal((0, 1), await bus.AskAsync(q => (q.Ready, q.Duplicates)));
        time.Advance(TimeSpan.FromMinutes(10));
        await queue.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        Assert.Equal(1, await bus.AskAsync(q => q.Ready));
    }

    [Fact]
    public async Task Ordered_groups_are_not_used()
    {
        await using var bus = new BusFixture();
        await bus.Open().SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        var message = await bus.OpenClient().CreateReceiver(BusFixture.Name).PeekMessageAsync(cancellationToken: Stop);
        Assert.Null(message.SessionId);
        Assert.Equal(("job_1:0:0", "job_1", "run", JobMessage.CurrentSchema), (message.MessageId, message.CorrelationId, message.Subject, message.ApplicationProperties["schema"]));
    }

    [Fact]
    public async Task Scheduled_enqueue_of_a_copy_comes_before_completion_and_keeps_the_counts()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var bus = new BusFixture(new BrokerQueueSettings { DuplicateWindow = TimeSpan.FromHours(1) }, time);
        var (queue, delivery) = await bus.ReceiveOneAsync();
        await queue.GiveBackAsync(delivery, TimeSpan.FromMinutes(5), countsAsFailure: true, Stop);
        Assert.Equal(["schedule-message", "complete"], bus.Broker.Calls.Select(c => c.Operation).Where(o => o is "schedule-message" or "complete"));
        Assert.Equal((0, 0, 1), await bus.AskAsync(q => (q.Ready, q.Locked, q.Scheduled)));
        time.Advance(TimeSpan.FromMinutes(6));
        await bus.Broker.TickAsync();
        var again = (await queue.ReceiveAsync(Wait, Stop))!;
        Assert.Equal((delivery.MessageId, delivery.Message, 2, 1), (again.MessageId, again.Message, again.DeliveryCount, again.FailureCount));
    }

    [Fact]
    public async Task Scheduled_enqueue_of_a_copy_is_taken_back_when_the_lock_is_lost()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var bus = new BusFixture(time: time);
        var (queue, delivery) = await bus.ReceiveOneAsync();
        time.Advance(TimeSpan.FromMinutes(1));
        await bus.Broker.TickAsync();
        await Assert.ThrowsAsync<LockLostException>(() => queue.GiveBackAsync(delivery, TimeSpan.FromMinutes(5), countsAsFailure: true, Stop));
        Assert.Equal((1, 0), await bus.AskAsync(q => (q.Ready, q.Scheduled)));
    }

    [Fact]
    public async Task Service_timeout_may_be_a_success()
    {
        await using var bus = new BusFixture(new BrokerQueueSettings { DuplicateWindow = TimeSpan.FromHours(1) });
        var queue = bus.Open();
        bus.Fail("send", BrokerFault.ReplyLost);
        await queue.SendAsync(QueueFixture.Message(0), cancellationToken: Stop);
        Assert.Equal((1, 1), await bus.AskAsync(q => (q.Ready, q.Duplicates)));
    }

    [Fact]
    public async Task Quota_that_is_used_up_is_told_and_one_queue_is_one_connection()
    {
        await using var bus = new BusFixture(new BrokerQueueSettings { MaxMessages = 1 });
        var (queue, _) = await bus.ReceiveOneAsync();
        var full = await Assert.ThrowsAsync<QueueException>(() => queue.SendAsync(QueueFixture.Message(1), cancellationToken: Stop));
        Assert.False(full.IsTransient);
        Assert.Contains("the queue is full", full.Message, StringComparison.Ordinal);
        Assert.Equal(1, bus.Broker.Connections);
    }

    [Theory]
    [InlineData(-10)]
    [InlineData(10)]
    public async Task Clock_skew_changes_no_lock(int minutes)
    {
        await using var bus = new BusFixture(time: new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddMinutes(minutes)));
        var (queue, delivery) = await bus.ReceiveOneAsync();
        Assert.Equal(TimeSpan.FromMinutes(1), queue.LockDuration);
        await queue.RenewAsync(delivery, Stop);
        await queue.CompleteAsync(delivery, Stop);
        Assert.Equal(1, await bus.AskAsync(q => q.Completed));
    }
}
