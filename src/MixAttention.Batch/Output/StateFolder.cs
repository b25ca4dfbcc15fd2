using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Output;

/// <summary>The folder <c>.mixbatch</c> in a run's output folder: the run's store and queue, held by one process at a time.</summary>
public sealed class StateFolder : IDisposable
{
    /// <summary>The folder's name.</summary>
    public const string Name = ".mixbatch";

    private const string LockName = "lock";

    private readonly string? _madeOutput; // The output folder, if it was not there before.
    private readonly FileStream _lock;

    private StateFolder(JobFolder jobs, string? madeOutput, FileStream @lock)
    {
        Jobs = jobs;
        _madeOutput = madeOutput;
        _lock = @lock;
    }

    /// <summary>Gets the run's store and queue.</summary>
    public JobFolder Jobs { get; }

    /// <summary>Tells whether a run was begun in an output folder.</summary>
    public static bool Exists(string outputFolder) => Directory.Exists(Path.Combine(outputFolder, Name));

    /// <summary>Opens the folder, or creates it, and keeps other processes out.</summary>
    /// <exception cref="BatchException">Another run holds it, or it cannot be written.</exception>
    public static StateFolder Open(string outputFolder)
    {
        string path = Path.Combine(outputFolder, Name);
        bool madeOutput = !Directory.Exists(outputFolder);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or DirectoryNotFoundException or FileNotFoundException)
        {
            throw BatchException.Usage($"The output folder {outputFolder} cannot be made or written: {(e is UnauthorizedAccessException ? "you have no permission there" : "that place takes no new folders")}. Choose another output folder.");
        }
        catch (IOException e)
        {
            throw OutputFolder.Unwritable(outputFolder, e);
        }

        try
        {
            return new StateFolder(new JobFolder(path), madeOutput ? outputFolder : null, new FileStream(Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException e)
        {
            throw OutputFolder.Unwritable(outputFolder, e);
        }
        catch (IOException)
        {
            throw BatchException.Usage($"Another run is writing into {outputFolder}. Wait for its end or choose another output folder.");
        }
    }

    /// <summary>Removes the queue: what is to be done is told by the store, and messages that a dead process had locked need not be waited for.</summary>
    public void ResetQueue()
    {
        foreach (string file in Directory.EnumerateFiles(Jobs.Path, Path.GetFileName(Jobs.Queue) + "*"))
            File.Delete(file);
    }

    /// <summary>Removes the folder, and the output folder if it was made for this one and is empty.</summary>
    public void Remove()
    {
        Directory.Delete(Jobs.Path, recursive: true);
        if (_madeOutput is not null && !Directory.EnumerateFileSystemEntries(_madeOutput).Any())
            Directory.Delete(_madeOutput);
    }

    /// <inheritdoc />
    public void Dispose() => _lock.Dispose();
}
