using System.Runtime.CompilerServices;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Tests.Queue;

/// <summary>Fault 28: files that a version wrote are read by every later one.</summary>
public sealed class SqliteQueueVersionTests : IAsyncDisposable
{
    private const string AllSql = "SELECT group_concat(sql) FROM (SELECT sql FROM sqlite_schema ORDER BY name)";

    private readonly SqliteQueue _file = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Fact]
    public async Task File_of_version_1_is_read_and_worked_off_fault_28()
    {
        File.Copy(Fixture(1), _file.Path);
        await using var queue = _file.Open();
        Assert.Equal(new QueueCounts(Ready: 2, Delayed: 1, Locked: 1, Aside: 1), await queue.CountAsync(Stop));

        var aside = Assert.Single(await queue.ListAsideAsync(Stop).ToListAsync(Stop));
        Assert.Equal((QueueFixture.Message(3), "It is poison.", "Look at row 7.", 1, 0), (aside.Message, aside.Reason, aside.Cure, aside.DeliveryCount, aside.FailureCount));
        Assert.True(await queue.ResendAsync(aside, Stop));

        await _file.PassAsync(TimeSpan.FromMinutes(10));
        var deliveries = new List<(int Shard, int DeliveryCount, int FailureCount)>();
        while (await queue.ReceiveAsync(TimeSpan.Zero, Stop) is { } delivery)
        {
            deliveries.Add((delivery.Message!.Shard, delivery.DeliveryCount, delivery.FailureCount));
            await queue.CompleteAsync(delivery, Stop);
        }

        Assert.Equal([(0, 2, 1), (1, 2, 0), (2, 1, 0), (3, 1, 0), (4, 1, 0)], deliveries.Order());
    }

    [Fact]
    public async Task Schema_does_not_change_without_a_new_version()
    {
        await _file.Open().DisposeAsync();
        object? now = await _file.RunSqlAsync(AllSql);
        File.Copy(Fixture(1), _file.Path, overwrite: true);
        Assert.Equal(now, await _file.RunSqlAsync(AllSql));
    }

    /// <summary>Wrote the fixture of version 1; a copy of this method with the next number writes that of the next.</summary>
    [Fact(Explicit = true)]
    public async Task Write_the_fixture()
    {
        await using (var queue = _file.Open())
        {
            for (int shard = 0; shard < 5; shard++)
                await queue.SendAsync(QueueFixture.Message(shard), shard == 2 ? TimeSpan.FromMinutes(10) : TimeSpan.Zero, Stop);
            var failed = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
            await queue.ReceiveAsync(TimeSpan.Zero, Stop);
            await queue.PutAsideAsync((await queue.ReceiveAsync(TimeSpan.Zero, Stop))!, "It is poison.", "Look at row 7.", Stop);
            await queue.GiveBackAsync(failed!, TimeSpan.Zero, countsAsFailure: true, Stop);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Fixture(1))!); // The fixtures have a folder.
        File.Copy(_file.Path, Fixture(1));
    }

    private static string Fixture(int version, [CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "Fixtures", $"queue-v{version}.db");
}
