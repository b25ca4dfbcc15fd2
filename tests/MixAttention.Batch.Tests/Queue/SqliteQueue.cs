using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Queue;

/// <summary>A SQLite queue in a folder of its own, with a clock that tests move.</summary>
public sealed class SqliteQueue : QueueBackend
{
    private readonly TemporaryFolder _folder = new();

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UnixEpoch.AddYears(60));

    public string Path => _folder["queue.db"];

    public override IJobQueue Open() => new SqliteJobQueue(Path, QueueFixture.LockDuration, Time);

    /// <summary>Runs SQL on the queue's file as a foreign program.</summary>
    public Task<object?> RunSqlAsync(string sql, params (string Name, object Value)[] values) => RunSqlOnAsync(Path, sql, values);

    /// <summary>Puts a message into a queue's file as a foreign program.</summary>
    public static Task SendRawAsync(string path, string messageId, byte[] body) =>
        RunSqlOnAsync(path, "INSERT INTO messages (message_id, body, enqueued_at, hidden_until, hidden_for) VALUES ($id, $body, 0, 0, 0)", ("$id", messageId), ("$body", body));

    private static async Task<object?> RunSqlOnAsync(string path, string sql, params (string Name, object Value)[] values)
    {
        await using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The SQL is the tests' own.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in values)
            command.Parameters.AddWithValue(name, value);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }

    public override Task SendRawAsync(string messageId, byte[] body) => SendRawAsync(Path, messageId, body);

    public override ValueTask PassAsync(TimeSpan time)
    {
        Time.Advance(time);
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
