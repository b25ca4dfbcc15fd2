namespace MixAttention.Batch.Output;

/// <summary>The folder <c>.mixbatch</c> in a run's output folder: the run's store and queue, held by one process at a time.</summary>
public sealed class StateFolder : IDisposable
{
    /// <summary>The folder's name.</summary>
    public const string Name = ".mixbatch";

    private const string LockName = "lock";

    private readonly string _path;
    private readonly FileStream _lock;

    private StateFolder(string path, FileStream @lock)
    {
        _path = path;
        _lock = @lock;
    }

    /// <summary>Gets the folder of the store.</summary>
    public string Store => Path.Combine(_path, "store");

    /// <summary>Gets the file of the queue.</summary>
    public string Queue => Path.Combine(_path, "queue.db");

    /// <summary>Tells whether a run was begun in an output folder.</summary>
    public static bool Exists(string outputFolder) => Directory.Exists(Path.Combine(outputFolder, Name));

    /// <summary>Opens the folder, or creates it, and keeps other processes out.</summary>
    /// <exception cref="BatchException">Another run holds it, or it cannot be written.</exception>
    public static StateFolder Open(string outputFolder)
    {
        string path = Path.Combine(outputFolder, Name);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw OutputFolder.Unwritable(outputFolder, e);
        }

        try
        {
            return new StateFolder(path, new FileStream(Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BatchException.Usage($"Another run is writing into {outputFolder} ({e.Message.TrimEnd('.')}). Wait for its end or choose another output folder.");
        }
    }

    /// <summary>Removes the queue: what is to be done is told by the store, and messages that a dead process had locked need not be waited for.</summary>
    public void ResetQueue()
    {
        foreach (string file in Directory.EnumerateFiles(_path, Path.GetFileName(Queue) + "*"))
            File.Delete(file);
    }

    /// <summary>Removes everything that a former run left here.</summary>
    public void Clear()
    {
        ResetQueue();
        if (Directory.Exists(Store))
            Directory.Delete(Store, recursive: true);
    }

    /// <inheritdoc />
    public void Dispose() => _lock.Dispose();
}
