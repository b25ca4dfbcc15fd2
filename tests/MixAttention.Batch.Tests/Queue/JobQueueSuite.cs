using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Tests.Queue;

/// <summary>What every queue must do: locks, counts, duplicates, delays and waiting. What is put aside is the subject of <see cref="AsideSuite"/>.</summary>
public abstract class JobQueueSuite(QueueBackend backend) : QueueFixture(backend)
{
    public static TheoryData<string> Settlements => ["renew", "complete", "give back", "put aside"];

    [Fact]
    public async Task Message_arrives_as_it_was_sent()
    {
        var queue = Open();
        var sent = new JobMessage("job_7", 3, "jobs/job_7/manifest.json", "mïx", 2, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        await queue.SendAsync(sent, cancellationToken: Stop);
        var delivery = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        Assert.Equal(sent, delivery!.Message);
        Assert.Equal(("job_7:3:2", null, 1, 0), (delivery.MessageId, delivery.Problem, delivery.DeliveryCount, delivery.FailureCount));
        Assert.Equal(LockDuration, delivery.LockedUntil - delivery.EnqueuedAt);
    }

    [Fact]
    public async Task Message_size_is_limited_at_the_sender()
    {
        var queue = Open();
        var longest = Message(0) with { ModelName = new string('m', JobMessageBody.MaxBytes - JobMessageBody.Write(Message(0)).Length + Message(0).ModelName.Length) };
        await queue.SendAsync(longest, cancellationToken: Stop);
        Assert.Equal(longest, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!.Message);
        await Assert.ThrowsAsync<ArgumentException>(() => queue.SendAsync(longest with { ModelName = longest.ModelName + "m" }, cancellationToken: Stop));
    }

    [Fact]
    public async Task Wait_ends_with_nothing_when_no_message_comes()
    {
        var queue = Open();
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
        Assert.Null(await WhileTimePassesAsync(queue.ReceiveAsync(TimeSpan.FromMinutes(1), Stop)));
    }

    [Fact]
    public async Task Wait_ends_when_a_message_comes()
    {
        var queue = Open();
        var waiting = queue.ReceiveAsync(TimeSpan.FromDays(100), Stop);
        await Open().SendAsync(Message(0), cancellationToken: Stop);
        Assert.Equal(Message(0), (await WhileTimePassesAsync(waiting))!.Message);
    }

    [Fact]
    public async Task Receives_that_are_cancelled_lose_no_message()
    {
        const int messages = 60;
        var queue = Open();
        var random = new Random(1);
        var received = new List<JobDelivery>();
        for (int sent = 0; sent < messages || received.Count < messages;)
        {
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var waiting = queue.ReceiveAsync(TimeSpan.FromSeconds(1), cancel.Token);
            if (sent < messages)
                await queue.SendAsync(Message(sent++), cancellationToken: Stop);
            for (int looks = random.Next(30); looks > 0; looks--)
            {
                await PassAsync(TimeSpan.FromMilliseconds(10));
                await Task.Yield();
            }

            await cancel.CancelAsync();
            try
            {
                if (await waiting is { } delivery)
                {
                    received.Add(delivery);
                    await queue.CompleteAsync(delivery, Stop);
                }
            }
            catch (OperationCanceledException)
            {
                // A message that was locked in vain would come again as delivered twice.
            }
        }

        Assert.Equal(messages, received.DistinctBy(d => d.MessageId).Count());
        Assert.All(received, d => Assert.Equal(1, d.DeliveryCount));
    }

    [Fact]
    public async Task Lock_keeps_a_message_from_other_receivers()
    {
        var (queue, delivery) = await ReceiveOneAsync();
        await PassAsync(LockDuration - Moment);
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
        Assert.Null(await Open().ReceiveAsync(TimeSpan.Zero, Stop));
        await queue.CompleteAsync(delivery, Stop);
        await PassAsync(LockDuration);
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Lock_that_runs_out_gives_the_message_to_another_receiver()
    {
        var (_, first) = await ReceiveOneAsync();
        await PassAsync(LockDuration);
        var second = await Open().ReceiveAsync(TimeSpan.Zero, Stop);
        Assert.Equal(first.Message, second!.Message);
        Assert.NotEqual(first.LockToken, second.LockToken);
    }

    [Fact]
    public async Task Lock_lasts_from_its_renewal()
    {
        var (queue, delivery) = await ReceiveOneAsync();
        for (int renewals = 1; renewals <= 30; renewals++)
        {
            await PassAsync(LockDuration - Moment);
            var until = await queue.RenewAsync(delivery, Stop);
            Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
            Assert.Equal(renewals * (LockDuration - Moment), until - delivery.LockedUntil);
        }

        await PassAsync(LockDuration);
        Assert.Equal(2, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!.DeliveryCount);
    }

    [Theory]
    [MemberData(nameof(Settlements))]
    public async Task Lock_that_ran_out_settles_nothing(string how)
    {
        var (queue, delivery) = await ReceiveOneAsync();
        await PassAsync(LockDuration);
        await Assert.ThrowsAsync<LockLostException>(() => SettleAsync(queue, delivery, how));
        Assert.Equal(delivery.Message, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!.Message);
    }

    [Theory]
    [MemberData(nameof(Settlements))]
    public async Task Lock_token_of_an_earlier_delivery_settles_nothing(string how)
    {
        var (queue, first) = await ReceiveOneAsync();
        await PassAsync(LockDuration);
        var second = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        await Assert.ThrowsAsync<LockLostException>(() => SettleAsync(queue, first, how));
        await AssertCountsAsync(new QueueCounts(Ready: 0, Delayed: 0, Locked: 1, Aside: 0), queue);
        await queue.CompleteAsync(second!, Stop);
        await AssertCountsAsync(new QueueCounts(0, 0, 0, 0), queue);
    }

    [Theory]
    [MemberData(nameof(Settlements))]
    public async Task Message_that_was_settled_cannot_be_settled_again(string how)
    {
        foreach (var (shard, before) in Settlements.Select(s => s.Data).Where(s => s != "renew").Index())
        {
            var (queue, delivery) = await ReceiveOneAsync(shard);
            await SettleAsync(queue, delivery, before);
            await Assert.ThrowsAsync<LockLostException>(() => SettleAsync(queue, delivery, how));
            while (await queue.ReceiveAsync(TimeSpan.Zero, Stop) is { } left)
                await queue.CompleteAsync(left, Stop);
        }
    }

    [Fact]
    public async Task Read_ahead_is_none()
    {
        var queue = Open();
        for (int shard = 0; shard < 3; shard++)
            await queue.SendAsync(Message(shard), cancellationToken: Stop);
        await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        await AssertCountsAsync(new QueueCounts(Ready: 2, Delayed: 0, Locked: 1, Aside: 0), queue);
    }

    [Fact]
    public async Task Delivery_count_rises_with_every_delivery_and_failure_count_with_failures_alone()
    {
        var (queue, delivery) = await ReceiveOneAsync();
        await queue.GiveBackAsync(delivery, TimeSpan.Zero, countsAsFailure: true, Stop);
        delivery = (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!;
        Assert.Equal((2, 1), (delivery.DeliveryCount, delivery.FailureCount));
        await queue.GiveBackAsync(delivery, TimeSpan.Zero, countsAsFailure: false, Stop);
        delivery = (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!;
        Assert.Equal((3, 1), (delivery.DeliveryCount, delivery.FailureCount));
        await PassAsync(LockDuration);
        delivery = (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!;
        Assert.Equal((4, 1), (delivery.DeliveryCount, delivery.FailureCount));
    }

    [Fact]
    public async Task Delivery_count_of_thirty_evictions_puts_nothing_aside_fault_11()
    {
        var (queue, delivery) = await ReceiveOneAsync();
        for (int evictions = 1; evictions <= 30; evictions++)
        {
            await PassAsync(LockDuration);
            delivery = (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!;
            Assert.Equal((evictions + 1, 0), (delivery.DeliveryCount, delivery.FailureCount));
        }
    }

    [Fact]
    public async Task Duplicate_of_a_message_in_the_queue_is_ignored()
    {
        var queue = Open();
        await queue.SendAsync(Message(0), cancellationToken: Stop);
        await queue.SendAsync(Message(0) with { ModelName = "other" }, cancellationToken: Stop);
        var delivery = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        await queue.SendAsync(Message(0) with { ModelName = "other" }, cancellationToken: Stop);
        await queue.CompleteAsync(delivery!, Stop);
        Assert.Equal(Message(0), delivery!.Message);
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Duplicate_is_another_message_when_its_run_differs()
    {
        var queue = Open();
        await queue.SendAsync(Message(0), cancellationToken: Stop);
        await queue.SendAsync(Message(0) with { Run = 1 }, cancellationToken: Stop);
        Assert.Equal(2, (await queue.CountAsync(Stop)).Ready);
    }

    [Fact]
    public async Task Delayed_message_is_kept_back()
    {
        var queue = Open();
        await queue.SendAsync(Message(0), TimeSpan.FromMinutes(10), Stop);
        await PassAsync(TimeSpan.FromMinutes(10) - Moment);
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
        await AssertCountsAsync(new QueueCounts(Ready: 0, Delayed: 1, Locked: 0, Aside: 0), queue);
        await PassAsync(Moment);
        Assert.NotNull(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Delayed_give_back_keeps_a_message_back()
    {
        var (queue, delivery) = await ReceiveOneAsync();
        await queue.GiveBackAsync(delivery, 3 * LockDuration, countsAsFailure: false, Stop);
        await PassAsync(3 * LockDuration - Moment);
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
        await PassAsync(Moment);
        Assert.Equal(delivery.Message, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!.Message);
    }

    [Fact]
    public async Task Many_receivers_get_each_message_once()
    {
        const int messages = 100;
        for (int shard = 0; shard < messages; shard++)
            await Open().SendAsync(Message(shard), cancellationToken: Stop);
        var received = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(DrainAsync)));
        Assert.Equal(Enumerable.Range(0, messages), received.SelectMany(r => r).Order());
    }

    private async Task<List<int>> DrainAsync()
    {
        var queue = Open();
        var shards = new List<int>();
        while (await queue.ReceiveAsync(TimeSpan.Zero, Stop) is { } delivery)
        {
            shards.Add(delivery.Message!.Shard);
            await queue.CompleteAsync(delivery, Stop);
        }

        return shards;
    }
}
