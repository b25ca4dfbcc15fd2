namespace MixAttention.Batch.Store;

/// <summary>Keeps each artifact as the file of its name in a folder; several processes on one machine may use it at once.</summary>
/// <remarks>
/// <para>A put writes a file aside, syncs it, and gives it the name: by link where the name must be free, by rename under a lock where a version is replaced. Both are
/// atomic, so no reader sees a part. Then the folder is synced. The two syncs take about a millisecond on a plain SSD, so no put is spared them.</para>
/// <para>No name leads through a link: one inside the folder is refused. The folder itself may be one. Files of the store's own begin with a dot and are never listed.</para>
/// <para>A name cannot be an artifact and a folder of artifacts at once. An <see cref="IOException"/> of a writer counts as the store's. A listing holds the names of one
/// folder of each level in memory.</para>
/// </remarks>
public sealed class FolderArtifactStore : IArtifactStore
{
    private readonly StoreFolder _folder;
    private readonly NameLocks _locks;
    private readonly TimeProvider _time;

    /// <summary>Takes a folder as a store; it is made by the first put.</summary>
    /// <param name="root">The folder, on a file system with hard links.</param>
    /// <param name="time">The clock of versions, of waiting for other processes, and of what is stale.</param>
    public FolderArtifactStore(string root, TimeProvider time)
    {
        _folder = new StoreFolder(root, time);
        _locks = new NameLocks(_folder.Locks, time);
        _time = time;
    }

    /// <inheritdoc />
    public Task<ArtifactContent?> ReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        ArtifactName.Check(name);
        return GuardAsync($"read {name}", () => Task.FromResult(Open(name, offset, length)), cancellationToken);
    }

    /// <inheritdoc />
    public Task<string?> PutIfAbsentAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArtifactName.Check(name);
        return GuardAsync($"write {name}", () => CreateAsync(_folder.FindFilePath(name), write, cancellationToken), cancellationToken);
    }

    /// <inheritdoc />
    public Task<string?> PutIfMatchAsync(string name, string? etag, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArtifactName.Check(name);
        return GuardAsync($"write {name}", () => ReplaceAsync(name, _folder.FindFilePath(name), etag, write, cancellationToken), cancellationToken);
    }

    /// <inheritdoc />
    public IAsyncEnumerable<ArtifactInfo> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        ArtifactName.CheckPrefix(prefix);
        return List(prefix[..(prefix.LastIndexOf('/') + 1)], prefix, cancellationToken).ToAsyncEnumerable();
    }

    /// <inheritdoc />
    public Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ArtifactName.Check(name);
        return GuardAsync($"delete {name}", () => RemoveAsync(name, _folder.FindPath(name), cancellationToken), cancellationToken);
    }

    private async Task<T> GuardAsync<T>(string action, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw _folder.Explain(action, e);
        }
    }

    private ArtifactContent? Open(string name, long offset, long? length)
    {
        string path = _folder.FindPath(name);
        if (!File.Exists(path))
            return null;
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
            var version = FileVersion.Of(file.SafeFileHandle);
            file.Position = Math.Min(offset, version.Length);
            return new ArtifactContent(new RangeStream(file, length ?? long.MaxValue, e => _folder.Explain($"read {name}", e)), version.ETag, version.Length);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null; // Deleted in between.
        }
    }

    private async Task<string?> CreateAsync(string path, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        string? etag = null;
        bool exists = Path.Exists(path);
        if (!exists)
        {
            _folder.Prepare();
            var file = TemporaryFile.Create(_folder.Temporary);
            await using var _ = file.ConfigureAwait(false);
            etag = await FinishAsync(file, replaced: null, write, cancellationToken).ConfigureAwait(false);
            exists = !StoreFolder.Place(path, () => NativeFile.TryLink(file.Path, path));
        }

        // Also for a name that another process has just made: the caller may rely on its being there from now on.
        StoreFolder.SyncNames(path);
        return exists ? null : etag;
    }

    private async Task<string?> ReplaceAsync(string name, string path, string? etag, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        var seen = FileVersion.Of(path);
        if (etag is not null && seen?.ETag != etag)
            return null;
        _folder.Prepare();
        var file = TemporaryFile.Create(_folder.Temporary);
        await using var _ = file.ConfigureAwait(false);
        string replacement = await FinishAsync(file, seen, write, cancellationToken).ConfigureAwait(false);
        using (await _locks.AcquireAsync(name, cancellationToken).ConfigureAwait(false))
        {
            if (etag is not null && FileVersion.Of(path)?.ETag != etag)
                return null;
            StoreFolder.Place(path, () => NativeFile.Replace(file.Path, path));
        }

        StoreFolder.SyncNames(path);
        return replacement;
    }

    /// <summary>Writes a file, makes it a version of its own, and makes it survive a loss of power.</summary>
    private async Task<string> FinishAsync(TemporaryFile file, FileVersion? replaced, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        await write(file.Stream, cancellationToken).ConfigureAwait(false);
        await file.Stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        string etag = FileVersion.Stamp(file.Stream.SafeFileHandle, _time.GetUtcNow(), replaced).ETag;
        file.Stream.Flush(flushToDisk: true);
        await file.Stream.DisposeAsync().ConfigureAwait(false); // Ends its lock, which readers of the name would meet.
        return etag;
    }

    private async Task<bool> RemoveAsync(string name, string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            return false;
        _folder.Prepare();
        using (await _locks.AcquireAsync(name, cancellationToken).ConfigureAwait(false))
            File.Delete(path);
        _folder.RemoveEmptyFolders(path);
        return true;
    }

    private IEnumerable<ArtifactInfo> List(string folder, string prefix, CancellationToken cancellationToken)
    {
        foreach (var entry in Entries(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            string name = folder + SortKey(entry);
            if (!name.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            if (entry is DirectoryInfo)
            {
                foreach (var artifact in List(name, prefix, cancellationToken))
                    yield return artifact;
            }
            else if (FileVersion.Of(entry.FullName) is { } version)
            {
                yield return new ArtifactInfo(name, version.Length, version.ETag);
            }
        }
    }

    private FileSystemInfo[] Entries(string folder)
    {
        try
        {
            return [.. new DirectoryInfo(_folder.FindPath(folder)).EnumerateFileSystemInfos()
                .Where(e => ArtifactName.IsValidSegment(e.Name) && e.LinkTarget is null)
                .OrderBy(SortKey, StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw _folder.Explain($"list {folder}", e);
        }
    }

    /// <summary>Returns an entry as it stands in names, where a folder is followed by a slash and sorts by it.</summary>
    private static string SortKey(FileSystemInfo entry) => entry is DirectoryInfo ? entry.Name + "/" : entry.Name;
}
