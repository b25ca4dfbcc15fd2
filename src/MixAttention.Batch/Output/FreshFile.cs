namespace MixAttention.Batch.Output;

/// <summary>Creates files that are given their final name later.</summary>
internal static class FreshFile
{
    /// <summary>Creates a file in place of what a dead run may have left under the name. A link that lies there is removed, not followed, and so is a second name of some other file.</summary>
    /// <exception cref="IOException">It cannot be created, or another process is writing it.</exception>
    public static FileStream Create(string path)
    {
        var former = new FileInfo(path);
        if (former.Exists && former.LinkTarget is null)
            former.Open(FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose(); // Fails while somebody holds it.
        File.Delete(path);
        return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
    }
}
