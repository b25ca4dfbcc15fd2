using System.Text;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Tests.Queue;

/// <summary>What every queue must do with messages that nobody should receive any more.</summary>
public abstract class AsideSuite(QueueBackend backend) : QueueFixture(backend)
{
    [Fact]
    public async Task Message_put_aside_is_listed_with_reason_and_cure_and_not_delivered()
    {
        var (queue, delivery) = await ReceiveOneAsync();
        await queue.GiveBackAsync(delivery, TimeSpan.Zero, countsAsFailure: true, Stop);
        delivery = (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!;
        await PassAsync(Moment);
        await queue.PutAsideAsync(delivery, "It is poison.", "Look at row 7.", Stop);

        var aside = Assert.Single(await ListAsync(queue));
        Assert.Equal((delivery.Message, delivery.MessageId, "It is poison.", "Look at row 7."), (aside.Message, aside.MessageId, aside.Reason, aside.Cure));
        Assert.Equal((2, 1, delivery.EnqueuedAt + Moment), (aside.DeliveryCount, aside.FailureCount, aside.PutAsideAt));
        await PassAsync(LockDuration);
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
        await AssertCountsAsync(new QueueCounts(Ready: 0, Delayed: 0, Locked: 0, Aside: 1), queue);
    }

    [Fact]
    public async Task Message_sent_again_is_new()
    {
        var (queue, delivery) = await ReceiveOneAsync();
        await queue.PutAsideAsync(delivery, "reason", "cure", Stop);
        var aside = Assert.Single(await ListAsync(queue));
        Assert.True(await queue.ResendAsync(aside, Stop));

        var again = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        Assert.Equal((delivery.Message, 1, 0), (again!.Message, again.DeliveryCount, again.FailureCount));
        Assert.Empty(await ListAsync(queue));
        Assert.False(await queue.ResendAsync(aside, Stop));
    }

    [Fact]
    public async Task Message_dropped_is_gone()
    {
        var (queue, delivery) = await ReceiveOneAsync();
        await queue.PutAsideAsync(delivery, "reason", "cure", Stop);
        var aside = Assert.Single(await ListAsync(queue));
        Assert.True(await queue.DropAsync(aside, Stop));
        Assert.False(await queue.DropAsync(aside, Stop));
        Assert.False(await queue.ResendAsync(aside, Stop));
        await AssertCountsAsync(new QueueCounts(0, 0, 0, 0), queue);
    }

    [Fact]
    public async Task Duplicate_of_a_message_put_aside_is_taken()
    {
        var (queue, delivery) = await ReceiveOneAsync();
        await queue.PutAsideAsync(delivery, "reason", "cure", Stop);
        await PassAsync(DuplicateWindow);
        await queue.SendAsync(Message(0), cancellationToken: Stop);
        await AssertCountsAsync(new QueueCounts(Ready: 1, Delayed: 0, Locked: 0, Aside: 1), queue);
        Assert.True(await queue.ResendAsync(Assert.Single(await ListAsync(queue)), Stop));
        var counts = await queue.CountAsync(Stop);
        Assert.Equal(0, counts.Aside);
        Assert.InRange(counts.Ready, 1, DuplicateWindow > TimeSpan.Zero ? 2 : 1);
    }

    [Fact]
    public async Task Messages_put_aside_are_listed_the_oldest_first()
    {
        const int messages = 230;
        var queue = Open();
        for (int shard = 0; shard < messages; shard++)
        {
            await queue.SendAsync(Message(shard), cancellationToken: Stop);
            await queue.PutAsideAsync((await queue.ReceiveAsync(TimeSpan.Zero, Stop))!, "reason", "cure", Stop);
        }

        Assert.Equal(Enumerable.Range(0, messages), (await ListAsync(queue)).Select(m => m.Message!.Shard));
    }

    [Fact]
    public async Task Malformed_message_is_delivered_with_its_problem_fault_10()
    {
        var queue = Open();
        await SendRawAsync("foreign", Encoding.UTF8.GetBytes("""{"schema":"batch.job-message/2","job_id":"job_1"}"""));
        var delivery = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        Assert.Equal(("foreign", null), (delivery!.MessageId, delivery.Message));
        Assert.Contains("batch.job-message/2", delivery.Problem, StringComparison.Ordinal);

        await queue.PutAsideAsync(delivery, delivery.Problem!, "Run a newer worker.", Stop);
        Assert.Null(Assert.Single(await ListAsync(queue)).Message);
    }

    private static async Task<List<AsideMessage>> ListAsync(IJobQueue queue) => await queue.ListAsideAsync(Stop).ToListAsync(Stop);
}
