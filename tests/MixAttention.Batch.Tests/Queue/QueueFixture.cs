using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Tests.Queue;

/// <summary>Where the suites' queue lives: a derived class of a suite gives an empty one.</summary>
public abstract class QueueBackend : IAsyncDisposable
{
    /// <summary>Gets whether the queue tells messages that are locked from those that are ready.</summary>
    public virtual bool TellsLocked => true;

    /// <summary>Gets for how long the queue ignores a message after one with its id was sent, whatever became of that one; zero where it knows what is in it.</summary>
    public virtual TimeSpan DuplicateWindow => TimeSpan.Zero;

    /// <summary>Opens the queue, with locks of <see cref="QueueFixture.LockDuration"/>, as another process would.</summary>
    public abstract IJobQueue Open();

    /// <summary>Adds a message that the product would not write.</summary>
    public abstract Task SendRawAsync(string messageId, byte[] body);

    /// <summary>Lets time pass for the queue and all who wait.</summary>
    public abstract ValueTask PassAsync(TimeSpan time);

    public abstract ValueTask DisposeAsync();
}

/// <summary>What the suites do with a queue.</summary>
public abstract class QueueFixture(QueueBackend backend) : IAsyncDisposable
{
    /// <summary>How long a lock of the queue must last.</summary>
    public static readonly TimeSpan LockDuration = TimeSpan.FromMinutes(1);

    /// <summary>A time in which nothing else happens.</summary>
    protected static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private readonly List<IJobQueue> _opened = [];

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static JobMessage Message(int shard) => new("job_1", shard, "jobs/job_1/manifest.json", "demo");

    public async ValueTask DisposeAsync()
    {
        foreach (var queue in _opened)
            await queue.DisposeAsync();
        await backend.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the test's queue, as another process would.</summary>
    protected IJobQueue Open()
    {
        var queue = backend.Open();
        _opened.Add(queue);
        return queue;
    }

    /// <summary>Adds a message that the product would not write.</summary>
    protected Task SendRawAsync(string messageId, byte[] body) => backend.SendRawAsync(messageId, body);

    /// <summary>Lets time pass for the queue and all who wait.</summary>
    protected ValueTask PassAsync(TimeSpan time) => backend.PassAsync(time);

    /// <summary>Gets for how long the queue ignores a message after one with its id was sent; zero where it knows what is in it.</summary>
    protected TimeSpan DuplicateWindow => backend.DuplicateWindow;

    /// <summary>Checks the counts, as far as the queue tells them.</summary>
    protected async Task AssertCountsAsync(QueueCounts expected, IJobQueue queue) =>
        Assert.Equal(backend.TellsLocked ? expected : expected with { Ready = expected.Ready + expected.Locked!.Value, Locked = null }, await queue.CountAsync(Stop));

    protected async Task<T> WhileTimePassesAsync<T>(Task<T> task)
    {
        while (!task.IsCompleted)
        {
            await PassAsync(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        return await task;
    }

    protected async Task<(IJobQueue Queue, JobDelivery Delivery)> ReceiveOneAsync(int shard = 0)
    {
        var queue = Open();
        await queue.SendAsync(Message(shard), cancellationToken: Stop);
        return (queue, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!);
    }

    protected static Task SettleAsync(IJobQueue queue, JobDelivery delivery, string how) => how switch
    {
        "renew" => queue.RenewAsync(delivery, Stop),
        "complete" => queue.CompleteAsync(delivery, Stop),
        "give back" => queue.GiveBackAsync(delivery, TimeSpan.Zero, countsAsFailure: true, Stop),
        "put aside" => queue.PutAsideAsync(delivery, "reason", "cure", Stop),
        _ => throw new ArgumentException(how),
    };
}
