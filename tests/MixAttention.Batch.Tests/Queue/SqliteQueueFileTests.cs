using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Queue;

public sealed class SqliteQueueFileTests : IAsyncDisposable
{
    private readonly SqliteQueue _file = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    [Fact]
    public async Task Queue_keeps_messages_when_it_is_closed()
    {
        await using (var queue = _file.Open())
        {
            for (int shard = 0; shard < 4; shard++)
                await queue.SendAsync(QueueFixture.Message(shard), cancellationToken: Stop);
            await queue.ReceiveAsync(TimeSpan.Zero, Stop);
            await queue.PutAsideAsync((await queue.ReceiveAsync(TimeSpan.Zero, Stop))!, "reason", "cure", Stop);
            await queue.GiveBackAsync((await queue.ReceiveAsync(TimeSpan.Zero, Stop))!, QueueFixture.LockDuration, countsAsFailure: true, Stop);
        }

        await using var again = _file.Open();
        Assert.Equal(new QueueCounts(Ready: 1, Delayed: 1, Locked: 1, Aside: 1), await again.CountAsync(Stop));
    }

    [Fact]
    public async Task Messages_come_in_the_order_sent_and_returned_ones_first()
    {
        await using var queue = _file.Open();
        for (int shard = 0; shard < 3; shard++)
            await queue.SendAsync(QueueFixture.Message(shard), cancellationToken: Stop);
        var first = await queue.ReceiveAsync(TimeSpan.Zero, Stop);
        Assert.Equal(1, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!.Message!.Shard);
        await queue.GiveBackAsync(first!, TimeSpan.Zero, countsAsFailure: false, Stop);
        Assert.Equal(0, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!.Message!.Shard);
        Assert.Equal(2, (await queue.ReceiveAsync(TimeSpan.Zero, Stop))!.Message!.Shard);
    }

    [Fact]
    public void File_that_is_no_database_is_refused()
    {
        File.WriteAllText(_file.Path, "This is a letter to my aunt, and not a queue at all.");
        AssertRefused("is no SQLite database", "Give another path");
    }

    [Fact]
    public async Task Database_of_another_program_is_refused_and_left_as_it_is()
    {
        await _file.RunSqlAsync("CREATE TABLE recipes (name TEXT); PRAGMA user_version = 1");
        byte[] before = await File.ReadAllBytesAsync(_file.Path, Stop);
        AssertRefused("is another program's database", "Give another path");
        Assert.Equal(before, await File.ReadAllBytesAsync(_file.Path, Stop));
    }

    [Fact]
    public async Task Queue_of_a_newer_version_is_refused_with_a_cure()
    {
        await _file.Open().DisposeAsync();
        await _file.RunSqlAsync("PRAGMA user_version = 2");
        AssertRefused("has schema 2, which a newer mixbatch made; this one knows schema 1", "Use the newer mixbatch");
    }

    [Fact]
    public async Task Queue_that_is_damaged_is_reported()
    {
        await using (var queue = _file.Open())
        {
            for (int shard = 0; shard < 100; shard++)
                await queue.SendAsync(QueueFixture.Message(shard), cancellationToken: Stop);
        }

        using (var file = new FileStream(_file.Path, FileMode.Open, FileAccess.Write))
        {
            file.Position = 4096;
            file.Write(new byte[file.Length - 4096]);
        }

        await using var damaged = _file.Open();
        var e = await Assert.ThrowsAsync<QueueException>(() => damaged.ReceiveAsync(TimeSpan.Zero, Stop));
        Assert.Contains("is damaged", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Path_under_a_file_is_reported()
    {
        string path = Path.Combine(_file.Path, "queue.db");
        File.WriteAllText(_file.Path, "a file");
        var e = Assert.Throws<QueueException>(() => new SqliteJobQueue(path, QueueFixture.LockDuration, TimeProvider.System));
        Assert.Contains($"The queue {path} cannot be opened", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Path_of_a_folder_is_reported()
    {
        Directory.CreateDirectory(_file.Path);
        AssertRefused("cannot be opened", "give another path");
    }

    [Fact]
    public async Task Process_that_does_not_let_go_of_the_queue_is_reported_as_passing()
    {
        await _file.Open().DisposeAsync();
        using var stopped = new SqliteQueueFile(_file.Path, patienceSeconds: 1);
        stopped.Write(_ =>
        {
            using var other = new SqliteQueueFile(_file.Path, patienceSeconds: 1);
            var e = Assert.Throws<QueueException>(() => other.Write(_ => 0));
            Assert.Contains("Another process has held the queue", e.Message, StringComparison.Ordinal);
            Assert.True(e.IsTransient);
            return 0;
        });
    }

    [Fact]
    public async Task Disk_that_is_full_is_reported_and_loses_no_message_fault_20()
    {
        using var folder = new TemporaryFolder();
        using var process = TestProcess.StartOnSmallDisk(folder.Path, kilobytes: 400, ["queue", "fill", folder["queue.db"], "0"]);
        Assert.SkipWhen(process is null, "This user may not mount a small file system.");
        string[] lines = await process.ReadToEndAsync();
        Assert.Equal(["False", $"No space is left for the queue {folder["queue.db"]}", "True"], [lines[0], lines[1].Split(" (")[0], lines[2]]);
    }

    [Fact]
    public async Task Disk_that_is_read_only_is_reported()
    {
        using var folder = new TemporaryFolder();
        string[] fill = ["queue", "fill", folder["queue.db"], "0"];
        using var process = TestProcess.StartOnSmallDisk(folder.Path, kilobytes: 400, ["queue", "drain", folder["queue.db"], "0"], readOnlyArguments: fill);
        Assert.SkipWhen(process is null, "This user may not mount a small file system.");
        Assert.Equal("ready", await process.ReadLineAsync());
        process.Go();
        string[] lines = await process.ReadToEndAsync();
        Assert.Equal("False", lines[0]);
        Assert.Contains("Let this user write the file and its folder, or give another path for the queue.", lines[1], StringComparison.Ordinal);
    }

    private void AssertRefused(string problem, string cure)
    {
        var e = Assert.Throws<QueueException>(_file.Open);
        Assert.Contains(_file.Path, e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
        Assert.Contains(cure, e.Message, StringComparison.Ordinal);
        Assert.False(e.IsTransient);
    }
}
