using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Queue;

/// <summary>Keeps messages in a SQLite file that several processes on one machine may use at once.</summary>
/// <remarks>
/// <para>Messages come in the order in which they were sent, except those that are delayed or held. Locks and delays end at a time of the machine's clock. A clock that is
/// set forward ends them early, which costs a delivery; one that is set back makes none longer than it was: every receive cuts it.</para>
/// <para>To wait for a message is to look again after pauses that grow from 10 ms to half a second.</para>
/// <para>A process that is killed leaves whole changes only. One that is stopped in the middle of a change keeps the others waiting until it runs on or is killed.</para>
/// </remarks>
public sealed class SqliteJobQueue : IJobQueue
{
    private const int AsidePageSize = 100;
    private const int PatienceSeconds = 10;

    private const string IfHeld = " WHERE message_id = $id AND lock_token = $token AND hidden_until > $now";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly SqliteQueueFile _file;
    private readonly TimeProvider _time;

    /// <summary>Opens a queue, or makes one.</summary>
    /// <param name="path">The file, on a disk of this machine; its folder is made where there is none.</param>
    /// <param name="lockDuration">How long a lock lasts: longer than a living worker ever fails to renew, shorter than one wants to wait after a crash.</param>
    /// <param name="time">The machine's clock.</param>
    /// <exception cref="QueueException">The file is no queue, or of a newer version, or cannot be opened.</exception>
    public SqliteJobQueue(string path, TimeSpan lockDuration, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(lockDuration, TimeSpan.FromMilliseconds(1));
        LockDuration = lockDuration;
        _time = time;
        _file = new SqliteQueueFile(path, PatienceSeconds);
    }

    /// <inheritdoc />
    public TimeSpan LockDuration { get; }

    /// <inheritdoc />
    public Task SendAsync(JobMessage message, TimeSpan delay = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        return ChangeAsync(
            "INSERT OR IGNORE INTO messages (message_id, body, enqueued_at, hidden_until, hidden_for) VALUES ($id, $body, $now, $now + $delay, $delay)",
            cancellationToken,
            ("$id", message.MessageId), ("$body", JobMessageBody.Write(message)), ("$delay", Milliseconds(delay)));
    }

    /// <inheritdoc />
    public async Task<JobDelivery?> ReceiveAsync(TimeSpan wait, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(wait, TimeSpan.Zero);
        long start = _time.GetTimestamp();
        for (var pause = FirstPause; ; pause = Shorter(pause * 2, LongestPause))
        {
            // A look that has begun is not cancelled: what it locks is returned.
            if (await Task.Run(() => _file.Write(LockNext), cancellationToken).ConfigureAwait(false) is { } delivery)
                return delivery;
            var left = wait - _time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
                return null;
            await Task.Delay(Shorter(pause, left), _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc />
    public async Task<DateTimeOffset> RenewAsync(JobDelivery delivery, CancellationToken cancellationToken = default)
    {
        long duration = Milliseconds(LockDuration);
        long now = await ChangeHeldAsync("UPDATE messages SET hidden_until = $now + $lock, hidden_for = $lock", delivery, cancellationToken, ("$lock", duration)).ConfigureAwait(false);
        return DateTimeOffset.FromUnixTimeMilliseconds(now + duration);
    }

    /// <inheritdoc />
    public Task CompleteAsync(JobDelivery delivery, CancellationToken cancellationToken = default) =>
        ChangeHeldAsync("DELETE FROM messages", delivery, cancellationToken);

    /// <inheritdoc />
    public Task GiveBackAsync(JobDelivery delivery, TimeSpan delay, bool countsAsFailure, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        return ChangeHeldAsync(
            "UPDATE messages SET lock_token = NULL, hidden_until = $now + $delay, hidden_for = $delay, failure_count = failure_count + $failures",
            delivery, cancellationToken, ("$delay", Milliseconds(delay)), ("$failures", countsAsFailure ? 1 : 0));
    }

    /// <inheritdoc />
    public Task PutAsideAsync(JobDelivery delivery, string reason, string cure, CancellationToken cancellationToken = default) =>
        ChangeHeldAsync(
            $"""
            INSERT INTO aside (message_id, body, reason, cure, put_aside_at, delivery_count, failure_count)
                SELECT message_id, body, $reason, $cure, $now, delivery_count, failure_count FROM messages {IfHeld};
            DELETE FROM messages
            """,
            delivery, cancellationToken, ("$reason", reason), ("$cure", cure));

    /// <inheritdoc />
    public Task<QueueCounts> CountAsync(CancellationToken cancellationToken = default) => Task.Run(() => _file.Read(Count), cancellationToken);

    /// <inheritdoc />
    public async IAsyncEnumerable<AsideMessage> ListAsideAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long last = 0;
        List<AsideMessage> page;
        do
        {
            page = await Task.Run(() => _file.Read(command => ListAside(command, last)), cancellationToken).ConfigureAwait(false);
            foreach (var message in page)
                yield return message;
            last = page.Count > 0 ? AsideId(page[^1]) : last;
        }
        while (page.Count == AsidePageSize);
    }

    /// <inheritdoc />
    public Task<bool> ResendAsync(AsideMessage message, CancellationToken cancellationToken = default) =>
        ChangeAsideAsync(
            """
            INSERT OR IGNORE INTO messages (message_id, body, enqueued_at, hidden_until, hidden_for) SELECT message_id, body, $now, $now, 0 FROM aside WHERE id = $id;
            DELETE FROM aside WHERE id = $id
            """,
            message, cancellationToken);

    /// <inheritdoc />
    public Task<bool> DropAsync(AsideMessage message, CancellationToken cancellationToken = default) => ChangeAsideAsync("DELETE FROM aside WHERE id = $id", message, cancellationToken);

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    private JobDelivery? LockNext(SqliteCommand command)
    {
        // First the clock's steps back: nothing stays hidden for longer than it was hidden for.
        const string sql =
            """
            UPDATE messages SET hidden_until = $now + hidden_for WHERE hidden_until > $now + hidden_for;
            UPDATE messages SET lock_token = $token, hidden_until = $now + $lock, hidden_for = $lock, delivery_count = delivery_count + 1
                WHERE sequence = (SELECT sequence FROM messages WHERE hidden_until <= $now ORDER BY sequence LIMIT 1)
                RETURNING message_id, body, hidden_until, enqueued_at, delivery_count, failure_count
            """;
        string token = Guid.NewGuid().ToString("N");
        Bind(command, sql, ("$now", Now()), ("$token", token), ("$lock", Milliseconds(LockDuration)));
        using var row = command.ExecuteReader();
        if (!row.Read())
            return null;
        var message = JobMessageBody.Read(row.GetFieldValue<byte[]>(1), out string? problem);
        return new JobDelivery(row.GetString(0), message, problem, token, Time(row, 2), Time(row, 3), row.GetInt32(4), row.GetInt32(5));
    }

    private QueueCounts Count(SqliteCommand command)
    {
        const string sql =
            """
            SELECT count(*) FILTER (WHERE hidden_until <= $now),
                   count(*) FILTER (WHERE hidden_until > $now AND lock_token IS NULL),
                   count(*) FILTER (WHERE hidden_until > $now AND lock_token IS NOT NULL),
                   (SELECT count(*) FROM aside)
            FROM messages
            """;
        Bind(command, sql, ("$now", Now()));
        using var row = command.ExecuteReader();
        row.Read();
        return new QueueCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3));
    }

    private static List<AsideMessage> ListAside(SqliteCommand command, long after)
    {
        const string sql =
            """
            SELECT id, message_id, body, reason, cure, put_aside_at, delivery_count, failure_count FROM aside WHERE id > $after ORDER BY id LIMIT $limit
            """;
        Bind(command, sql, ("$after", after), ("$limit", AsidePageSize));
        using var row = command.ExecuteReader();
        var page = new List<AsideMessage>();
        while (row.Read())
        {
            var message = JobMessageBody.Read(row.GetFieldValue<byte[]>(2), out _);
            page.Add(new AsideMessage(
                row.GetInt64(0).ToString(CultureInfo.InvariantCulture), row.GetString(1), message, row.GetString(3), row.GetString(4), Time(row, 5), row.GetInt32(6), row.GetInt32(7)));
        }

        return page;
    }

    /// <summary>Changes a message in the hands of its receiver.</summary>
    /// <returns>The time of the change.</returns>
    private async Task<long> ChangeHeldAsync(string change, JobDelivery delivery, CancellationToken cancellationToken, params (string Name, object Value)[] values)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        var (rows, now) = await ChangeAsync(change + IfHeld, cancellationToken, [.. values, ("$id", delivery.MessageId), ("$token", delivery.LockToken)]).ConfigureAwait(false);
        return rows > 0 ? now : throw new LockLostException(delivery.MessageId);
    }

    private async Task<bool> ChangeAsideAsync(string sql, AsideMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        return (await ChangeAsync(sql, cancellationToken, ("$id", AsideId(message))).ConfigureAwait(false)).Rows > 0;
    }

    private Task<(int Rows, long Now)> ChangeAsync(string sql, CancellationToken cancellationToken, params (string Name, object Value)[] values) =>
        Task.Run(
            () => _file.Write(command =>
            {
                long now = Now(); // Taken when no other process can change anything any more, however long that took.
                Bind(command, sql, [.. values, ("$now", now)]);
                return (command.ExecuteNonQuery(), now);
            }),
            cancellationToken);

    private static void Bind(SqliteCommand command, string sql, params (string Name, object Value)[] values)
    {
        command.CommandText = sql;
        foreach (var (name, value) in values)
            command.Parameters.AddWithValue(name, value);
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private static DateTimeOffset Time(SqliteDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    private static long Milliseconds(TimeSpan span) => (long)Math.Ceiling(span.TotalMilliseconds);

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static long AsideId(AsideMessage message) => long.Parse(message.Id, CultureInfo.InvariantCulture);
}
