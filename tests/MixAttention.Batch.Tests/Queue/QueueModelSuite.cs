using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Tests.Queue;

/// <summary>Compares a queue with a list of messages in memory, over random calls at random times, stale deliveries among them.</summary>
public abstract class QueueModelSuite(QueueBackend backend) : QueueFixture(backend)
{
    private const int Shards = 8;

    private readonly Dictionary<string, Entry> _model = [];
    private readonly List<(IJobQueue Queue, JobDelivery Delivery)> _deliveries = [];
    private readonly int[] _runs = new int[Shards];
    private TimeSpan _now;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Random_calls_give_what_a_list_in_memory_gives(int seed)
    {
        var random = new Random(seed);
        IJobQueue[] queues = [Open(), Open()];
        for (int call = 0; call < 300; call++)
        {
            var queue = queues[random.Next(queues.Length)];
            switch (random.Next(8))
            {
                case 0 or 1:
                    await SendAsync(queue, random.Next(Shards), random.Next(3) == 0 ? TimeSpan.FromSeconds(random.Next(90)) : TimeSpan.Zero);
                    break;
                case 2 or 3:
                    await ReceiveAsync(queue);
                    break;
                case 4 or 5 when _deliveries.Count > 0:
                    await SettleAsync(random);
                    break;
                case 6:
                    var time = TimeSpan.FromSeconds(random.Next(45));
                    _now += time;
                    await PassAsync(time);
                    break;
                default:
                    await ResendOneAsync(queue);
                    break;
            }

            await AssertCountsAsync(Counts(), queue);
        }
    }

    private async Task SendAsync(IJobQueue queue, int shard, TimeSpan delay)
    {
        // A queue that remembers ids is sent another run of what was settled, as the product does.
        var message = Message(shard) with { Run = DuplicateWindow > TimeSpan.Zero ? _runs[shard] : 0 };
        await queue.SendAsync(message, delay, Stop);
        string id = message.MessageId;
        if (!_model.TryGetValue(id, out var entry))
            _model[id] = entry = new Entry();
        if (!entry.IsQueued)
            (entry.IsQueued, entry.HiddenUntil, entry.Token, entry.Deliveries, entry.Failures) = (true, _now + delay, null, 0, 0);
    }

    private async Task ReceiveAsync(IJobQueue queue)
    {
        var delivery = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        Assert.Equal(_model.Values.Any(e => e.IsQueued && e.HiddenUntil <= _now), delivery is not null);
        if (delivery is null)
            return;
        var entry = _model[delivery.MessageId];
        Assert.True(entry.IsQueued && entry.HiddenUntil <= _now, "The message is held by another receiver, delayed or gone.");
        Assert.Equal((entry.Deliveries + 1, entry.Failures), (delivery.DeliveryCount, delivery.FailureCount));
        (entry.HiddenUntil, entry.Token, entry.Deliveries) = (_now + LockDuration, delivery.LockToken, delivery.DeliveryCount);
        _deliveries.Add((queue, delivery));
    }

    private async Task SettleAsync(Random random)
    {
        var (queue, delivery) = _deliveries[^(1 + random.Next(Math.Min(6, _deliveries.Count)))];
        var entry = _model[delivery.MessageId];
        string how = JobQueueSuite.Settlements.ElementAt(random.Next(4)).Data;
        if (!(entry.IsQueued && entry.Token == delivery.LockToken && entry.HiddenUntil > _now))
        {
            await Assert.ThrowsAsync<LockLostException>(() => SettleAsync(queue, delivery, how));
            return;
        }

        await SettleAsync(queue, delivery, how);
        entry.HiddenUntil = how == "renew" ? _now + LockDuration : _now;
        entry.Token = how == "renew" ? entry.Token : null;
        entry.IsQueued = how is "renew" or "give back";
        _runs[delivery.Message!.Shard] += entry.IsQueued ? 0 : 1;
        entry.Failures += how == "give back" ? 1 : 0;
        entry.Aside += how == "put aside" ? 1 : 0;
    }

    private async Task ResendOneAsync(IJobQueue queue)
    {
        if (await queue.ListAsideAsync(Stop).FirstOrDefaultAsync(Stop) is not { } aside)
            return;
        Assert.True(await queue.ResendAsync(aside, Stop));
        var entry = _model[aside.MessageId];
        entry.Aside--;
        if (!entry.IsQueued)
            (entry.IsQueued, entry.HiddenUntil, entry.Token, entry.Deliveries, entry.Failures) = (true, _now, null, 0, 0);
    }

    private QueueCounts Counts()
    {
        var queued = _model.Values.Where(e => e.IsQueued).ToList();
        return new QueueCounts(
            queued.Count(e => e.HiddenUntil <= _now),
            queued.Count(e => e.HiddenUntil > _now && e.Token is null),
            queued.Count(e => e.HiddenUntil > _now && e.Token is not null),
            _model.Values.Sum(e => e.Aside));
    }

    private sealed class Entry
    {
        public bool IsQueued { get; set; }

        public TimeSpan HiddenUntil { get; set; }

        public string? Token { get; set; }

        public int Deliveries { get; set; }

        public int Failures { get; set; }

        public int Aside { get; set; }
    }
}
