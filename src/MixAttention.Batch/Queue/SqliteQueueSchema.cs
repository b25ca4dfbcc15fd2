using Microsoft.Data.Sqlite;

namespace MixAttention.Batch.Queue;

/// <summary>The tables of a queue's file, made where there are none and refused where they are not ours.</summary>
internal static class SqliteQueueSchema
{
    private const long ApplicationId = 0x4D495851; // "MIXQ" tells a queue from other programs' databases.
    private const long Version = 1;

    private const string Tables = """
        CREATE TABLE messages (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            message_id TEXT NOT NULL UNIQUE,
            body BLOB NOT NULL,
            enqueued_at INTEGER NOT NULL,   -- times and spans are in milliseconds, times since 1970
            hidden_until INTEGER NOT NULL,  -- locked or delayed until then
            hidden_for INTEGER NOT NULL,    -- the span that led to hidden_until
            lock_token TEXT,                -- of the latest delivery; null once that was given back
            delivery_count INTEGER NOT NULL DEFAULT 0,
            failure_count INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE aside (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            message_id TEXT NOT NULL,
            body BLOB NOT NULL,
            reason TEXT NOT NULL,
            cure TEXT NOT NULL,
            put_aside_at INTEGER NOT NULL,
            delivery_count INTEGER NOT NULL,
            failure_count INTEGER NOT NULL
        ) STRICT;
        """;

    /// <summary>Makes the tables of an empty database; leaves any other as it is.</summary>
    public static void CreateIfEmpty(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        if (!IsEmpty(command))
            return;
        command.CommandText = "PRAGMA journal_mode = WAL";
        if (command.ExecuteScalar() is not "wal")
            throw new QueueException($"No queue can be made at {connection.DataSource}: SQLite has no write-ahead log there. Give a path on a disk of this machine.", isTransient: false);
        using var transaction = connection.BeginTransaction(deferred: false);
        command.Transaction = transaction;
        if (IsEmpty(command)) // Else another process was quicker.
        {
            command.CommandText = $"{Tables} PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version}";
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    /// <summary>Refuses what is no queue, or a queue of a version that this one does not know.</summary>
    /// <exception cref="QueueException">It is.</exception>
    public static void Check(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        if (Pragma(command, "application_id") != ApplicationId)
            throw new QueueException($"{connection.DataSource} is another program's database, not a queue of mixbatch. Give another path for the queue.", isTransient: false);
        long version = Pragma(command, "user_version");
        if (version > Version)
        {
            throw new QueueException($"The queue {connection.DataSource} has schema {version}, which a newer mixbatch made; this one knows schema {Version}. " +
                "Use the newer mixbatch, or give another path for the queue.", isTransient: false);
        }
    }

    private static bool IsEmpty(SqliteCommand command)
    {
        command.CommandText = "SELECT count(*) FROM sqlite_schema";
        return (long)command.ExecuteScalar()! == 0; // A count is never null.
    }

    private static long Pragma(SqliteCommand command, string name)
    {
        command.CommandText = $"PRAGMA {name}";
        return (long)command.ExecuteScalar()!; // Both pragmas asked for always have a value.
    }
}
