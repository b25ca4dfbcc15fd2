namespace MixAttention.Batch.Store;

/// <summary>A file that has no artifact's name yet; it is removed again unless it is renamed.</summary>
internal sealed class TemporaryFile : IAsyncDisposable
{
    /// <summary>How old a file must be before it is taken for one of a dead process: a live one is locked, but not in the instants before and after its writing.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromHours(1);

    private TemporaryFile(string path)
    {
        Path = path;
        Stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
    }

    public string Path { get; }

    public FileStream Stream { get; }

    public static TemporaryFile Create(string folder) => new(System.IO.Path.Combine(folder, Guid.NewGuid().ToString("N")));

    /// <summary>Removes files that processes left when they died.</summary>
    public static void RemoveStale(string folder, DateTimeOffset now)
    {
        foreach (string path in Directory.EnumerateFiles(folder).Where(f => File.GetLastWriteTimeUtc(f) < now.UtcDateTime - StaleAfter))
        {
            try
            {
                using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) // Fails while its writer lives.
                    File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, gone by now, or another user's.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync().ConfigureAwait(false);
        File.Delete(Path); // Nothing happens where it was renamed.
    }
}
