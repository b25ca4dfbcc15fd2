namespace MixAttention.Batch.Documents;

/// <summary>Resolves every symbolic link of a path, as realpath(3) does, so that places can be compared.</summary>
public static class RealPath
{
    private const int MaxLinks = 40;

    /// <summary>Resolves a path whose end need not exist.</summary>
    /// <returns>The absolute path without links; null when links run in a circle.</returns>
    public static string? Of(string path)
    {
        var left = new Stack<string>(Split(Path.GetFullPath(path)).Reverse());
        string resolved = Path.GetPathRoot(Path.GetFullPath(path))!; // A full path always has a root.
        string root = resolved;
        for (int links = 0; left.TryPop(out string? name);)
        {
            if (name == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? root;
                continue;
            }

            string next = Path.Combine(resolved, name);
            string? target = new FileInfo(next).LinkTarget;
            if (target is null)
            {
                resolved = next;
                continue;
            }

            if (++links > MaxLinks)
                return null;
            if (Path.IsPathRooted(target))
                resolved = root;
            foreach (string part in Split(target).Reverse())
                left.Push(part);
        }

        return resolved;
    }

    /// <summary>Tells whether a resolved path is a folder itself or lies below it.</summary>
    public static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal) || folder == Path.GetPathRoot(folder);

    private static IEnumerable<string> Split(string path) => path.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".");
}
