namespace MixAttention.Batch.Store;

/// <summary>A folder in which artifacts are files: finds their paths, makes and removes the folders on the way, and explains what fails.</summary>
internal sealed class StoreFolder
{
    private const int VanishedFolderTries = 10;

    private readonly string _root;
    private readonly TimeProvider _time;
    private readonly Lock _preparing = new();
    private bool _isPrepared;

    public StoreFolder(string root, TimeProvider time)
    {
        _root = Path.GetFullPath(root);
        _time = time;
        Temporary = Path.Combine(_root, ".tmp");
        Locks = Path.Combine(_root, ".locks");
    }

    /// <summary>Gets the folder of files that have no artifact's name yet.</summary>
    public string Temporary { get; }

    /// <summary>Gets the folder of locks.</summary>
    public string Locks { get; }

    /// <summary>Returns the path of a name or of a part of it; none of its segments is a link.</summary>
    /// <exception cref="StoreException">One is.</exception>
    public string FindPath(string name)
    {
        string path = _root;
        foreach (string segment in name.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            path = Path.Combine(path, segment);
            if (new FileInfo(path).LinkTarget is not null)
                throw new StoreException($"{path} is a link, and a store follows none. Put the files themselves there, or make the whole store a link.", isTransient: false);
        }

        return path;
    }

    /// <summary>Returns the path of a name that is to be written.</summary>
    /// <exception cref="StoreException">It leads through a link, or other names continue it.</exception>
    public string FindFilePath(string name)
    {
        string path = FindPath(name);
        return Directory.Exists(path)
            ? throw new StoreException($"Cannot write {name} in the store {_root}: there are artifacts below {name}/, so it is a folder here. Choose another name.", isTransient: false)
            : path;
    }

    /// <summary>Makes the store's own folders and removes what dead processes left, once.</summary>
    public void Prepare()
    {
        lock (_preparing)
        {
            if (_isPrepared)
                return;
            CreateFolders(FindPath(".locks"));
            CreateFolders(FindPath(".tmp"));
            TemporaryFile.RemoveStale(Temporary, _time.GetUtcNow());
            _isPrepared = true;
        }
    }

    /// <summary>Gives a file its name, in a folder that a deletion may remove at the same time.</summary>
    public static bool Place(string path, Func<bool> place)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                CreateFolders(FolderOf(path));
                return place();
            }
            catch (DirectoryNotFoundException) when (tries < VanishedFolderTries)
            {
                // Made again in the next round.
            }
        }
    }

    /// <summary>Makes the names beside a path, and its own, survive a loss of power.</summary>
    public static void SyncNames(string path)
    {
        try
        {
            NativeFile.SyncFolder(FolderOf(path));
        }
        catch (DirectoryNotFoundException)
        {
            // Deleted since then, folder and all.
        }
    }

    /// <summary>Removes the folders above a path that have become empty.</summary>
    public void RemoveEmptyFolders(string path)
    {
        try
        {
            for (string folder = FolderOf(path); folder != _root; folder = FolderOf(folder))
                Directory.Delete(folder);
        }
        catch (IOException)
        {
            // Others are in it, or it is gone.
        }
    }

    /// <summary>Says what could not be done, why, and what to do.</summary>
    /// <param name="action">What was attempted, as in "write NAME".</param>
    /// <param name="cause">An <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</param>
    public StoreException Explain(string action, Exception cause)
    {
        var (cure, isTransient) = cause.HResult switch
        {
            NativeFile.NoSpace or NativeFile.QuotaExceeded => ("Free some space there and run again: what is committed stays", false),
            NativeFile.ReadOnlyFileSystem => ("Make the file system writable or choose another folder", false),
            _ when cause is UnauthorizedAccessException => ("Let this user read and write the folder, or choose another", false),
            _ => ("Check the folder and the disk; if that is all right, run again", true),
        };
        return new StoreException($"Cannot {action} in the store {_root}: {cause.Message.TrimEnd('.')}. {cure}.", isTransient, cause);
    }

    private static void CreateFolders(string folder)
    {
        if (Directory.Exists(folder))
            return;
        CreateFolders(FolderOf(folder));
        Directory.CreateDirectory(folder);
        NativeFile.SyncFolder(FolderOf(folder));
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(path)!; // No path here is the file system's root.
}
