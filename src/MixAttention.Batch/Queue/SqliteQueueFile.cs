using Microsoft.Data.Sqlite;
using MixAttention.Batch.Store;
using static SQLitePCL.raw;

namespace MixAttention.Batch.Queue;

/// <summary>A queue's SQLite file: one change at a time, and failures that say what to do.</summary>
/// <remarks>
/// A write-ahead log with full syncing: a change survives a loss of power once it is committed, for one sync (a rollback journal takes more, and may bring back what was
/// committed unless its deletion is synced too), and readers never wait. The log needs memory that all processes share: a disk of this machine, not a network's.
/// </remarks>
internal sealed class SqliteQueueFile : IDisposable
{
    private readonly string _path;
    private readonly int _patienceSeconds;
    private readonly SqliteConnection _connection;
    private readonly Lock _using = new();

    /// <summary>Opens a queue's file, or makes one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="patienceSeconds">How long to wait for another process that is changing the queue; 1 or more.</param>
    /// <exception cref="QueueException">The file is no queue, or of a newer version, or cannot be opened.</exception>
    public SqliteQueueFile(string path, int patienceSeconds)
    {
        _path = Path.GetFullPath(path);
        _patienceSeconds = patienceSeconds;
        var settings = new SqliteConnectionStringBuilder { DataSource = _path, Pooling = false, DefaultTimeout = patienceSeconds };
        _connection = new SqliteConnection(settings.ToString());
        try
        {
            Guard(Open);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>Makes one change, whole or not at all.</summary>
    /// <param name="work">Runs when no other process can change anything.</param>
    public T Write<T>(Func<SqliteCommand, T> work) => Guard(() =>
    {
        using var transaction = _connection.BeginTransaction(deferred: false); // BEGIN IMMEDIATE: waits here, never halfway.
        using var command = _connection.CreateCommand();
        command.Transaction = transaction;
        var result = work(command);
        transaction.Commit();
        return result;
    });

    /// <summary>Runs one statement that changes nothing.</summary>
    public T Read<T>(Func<SqliteCommand, T> work) => Guard(() =>
    {
        using var command = _connection.CreateCommand();
        return work(command);
    });

    public void Dispose()
    {
        lock (_using)
            _connection.Dispose();
    }

    private T Guard<T>(Func<T> work)
    {
        try
        {
            lock (_using)
                return work();
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw Explain(e);
        }
    }

    private bool Open()
    {
        string folder = Path.GetDirectoryName(_path)!; // A file has a folder.
        bool isNew = !File.Exists(_path);
        Directory.CreateDirectory(folder);
        _connection.Open();
        using (var command = _connection.CreateCommand())
        {
            command.CommandText = $"PRAGMA busy_timeout = {1000 * _patienceSeconds}; PRAGMA synchronous = FULL";
            command.ExecuteNonQuery();
        }

        SqliteQueueSchema.CreateIfEmpty(_connection);
        SqliteQueueSchema.Check(_connection);
        if (isNew)
            NativeFile.SyncFolder(folder);
        return true;
    }

    private QueueException Explain(Exception cause)
    {
        const string otherPath = "or give another path for the queue";
        var (problem, cure, isTransient) = (cause as SqliteException)?.SqliteErrorCode switch
        {
            SQLITE_BUSY or SQLITE_LOCKED => ($"Another process has held the queue {_path} for {_patienceSeconds} s", "Let it run on or kill it; nothing is lost", true),
            SQLITE_READONLY => ($"The queue {_path} is read-only", $"Let this user write the file and its folder, {otherPath}", false),
            SQLITE_CANTOPEN => ($"The queue {_path} cannot be opened", $"Let this user write the file and its folder, {otherPath}", false),
            SQLITE_NOTADB => ($"{_path} is no SQLite database, so it is no queue", "Give another path for the queue", false),
            SQLITE_CORRUPT => ($"The queue {_path} is damaged", "Move the file away and run the same command again: what is committed lies in the store", false),
            SQLITE_FULL => ($"No space is left for the queue {_path}", "Free some there and run again", false),
            null => ($"The queue {_path} cannot be opened", $"Let this user write its folder, {otherPath}", false),
            _ => ($"The queue {_path} failed", "Check the file and the disk; if they are all right, run again", true),
        };
        return new QueueException($"{problem} ({cause.Message.TrimEnd('.')}). {cure}.", isTransient, cause);
    }
}
