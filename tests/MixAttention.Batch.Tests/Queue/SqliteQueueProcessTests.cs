using System.Globalization;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Queue;

/// <summary>Several processes on one queue, some of them killed with SIGKILL.</summary>
public sealed class SqliteQueueProcessTests : IAsyncDisposable
{
    private readonly SqliteQueue _file = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Fact]
    public async Task Processes_receive_each_message_exactly_once()
    {
        const int messages = 200;
        await SendAsync(messages);
        var processes = Enumerable.Range(0, 4).Select(_ => Start("drain")).ToList();
        foreach (var process in processes)
            Assert.Equal("ready", await process.ReadLineAsync());
        processes.ForEach(p => p.Go());

        var received = new List<string>();
        foreach (var process in processes)
        {
            received.AddRange(await process.ReadToEndAsync());
            process.Dispose();
        }

        Assert.Equal(Ids(messages), received.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Processes_that_open_a_new_queue_at_once_make_one()
    {
        var processes = Enumerable.Range(0, 4).Select(_ => Start("drain")).ToList();
        foreach (var process in processes)
            Assert.Equal("ready", await process.ReadLineAsync());
        await SendAsync(20);
        processes.ForEach(p => p.Go());

        var received = new List<string>();
        foreach (var process in processes)
        {
            received.AddRange(await process.ReadToEndAsync());
            process.Dispose();
        }

        Assert.Equal(Ids(20), received.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Message_of_a_killed_process_comes_back_when_its_lock_runs_out()
    {
        await SendAsync(1);
        using var holder = Start("hold");
        Assert.Equal(QueueFixture.Message(0).MessageId, await holder.ReadLineAsync());
        holder.Kill();

        await using var queue = _file.Open();
        Assert.Null(await queue.ReceiveAsync(TimeSpan.Zero, Stop));
        _file.Time.Advance(QueueFixture.LockDuration);
        var delivery = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        Assert.Equal((2, 0), (delivery!.DeliveryCount, delivery.FailureCount));
    }

    [Fact]
    public async Task Process_that_was_stopped_past_its_lock_settles_nothing_when_it_goes_on_fault_15()
    {
        await SendAsync(1);
        using var zombie = Start("hold");
        Assert.Equal(QueueFixture.Message(0).MessageId, await zombie.ReadLineAsync());
        zombie.Stop();
        zombie.Go();

        await using var queue = _file.Open();
        _file.Time.Advance(QueueFixture.LockDuration);
        var delivery = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        zombie.Continue(); // Its clock says that its lock still lasts.
        Assert.Equal(["lock lost"], await zombie.ReadToEndAsync());
        await queue.CompleteAsync(delivery!, Stop);
    }

    [Fact]
    public async Task Processes_killed_at_any_instruction_lose_no_message()
    {
        const int messages = 600;
        await SendAsync(messages);
        var random = new Random(7);
        var completed = new HashSet<string>();
        int kills = 0;
        for (; kills < 25; kills++)
        {
            using var process = Start("churn");
            for (int lines = random.Next(1, 20); lines > 0; lines--)
                completed.Add((await process.ReadLineAsync())!);
            process.Kill();
            while (await process.ReadLineAsync() is { } line)
                completed.Add(line);
        }

        completed.Remove("settles");
        Assert.DoesNotContain("end", completed); // There was work left at every kill.
        Assert.Equal("ok", await _file.RunSqlAsync("PRAGMA integrity_check"));
        var left = ((string)(await _file.RunSqlAsync("SELECT group_concat(message_id) FROM (SELECT message_id FROM messages UNION ALL SELECT message_id FROM aside)"))!).Split(',');
        Assert.Equal(left.Length, left.Distinct().Count());
        Assert.DoesNotContain(left, completed.Contains);
        Assert.InRange(messages - left.Length - completed.Count, 0, kills); // Completed, and killed before saying so.
    }

    private TestProcess Start(string mode) => TestProcess.Start("queue", mode, _file.Path, _file.Time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));

    private async Task SendAsync(int messages)
    {
        await using var queue = _file.Open();
        for (int shard = 0; shard < messages; shard++)
            await queue.SendAsync(QueueFixture.Message(shard), cancellationToken: Stop);
    }

    private static IEnumerable<string> Ids(int messages) => Enumerable.Range(0, messages).Select(shard => QueueFixture.Message(shard).MessageId).Order(StringComparer.Ordinal);
}
