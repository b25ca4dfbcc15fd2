using System.IO.Enumeration;

namespace MixAttention.Batch.Documents;

/// <summary>A document as a walk meets it.</summary>
/// <param name="Id">Its path below its INPUT, with forward slashes.</param>
/// <param name="FullPath">The file; null for standard input.</param>
/// <param name="ByteCount">Its length.</param>
internal readonly record struct FoundFile(string Id, string? FullPath, long ByteCount);

/// <summary>Counts what a walk passes over.</summary>
internal sealed class PassedOver
{
    public int Hidden { get; set; }

    public int Links { get; set; }

    public int Others { get; set; }

    /// <summary>Lists the counts for a message; empty when there are none.</summary>
    public override string ToString()
    {
        string[] counts = [.. new[] { (Hidden, "hidden"), (Links, "links out of the folder"), (Others, "of other types or excluded") }.Where(c => c.Item1 > 0).Select(c => $"{c.Item1} {c.Item2}")];
        return counts.Length > 0 ? $" (passed over: {string.Join(", ", counts)})" : "";
    }
}

/// <summary>Walks through the documents below a folder in ordinal order of their paths, in memory of one folder's names a level.</summary>
/// <param name="root">The folder.</param>
/// <param name="globs">What is taken.</param>
/// <param name="output">The real path of the output folder, which is not entered; null for none.</param>
/// <param name="otherInputs">Full paths that are taken on their own account.</param>
/// <param name="passedOver">Takes the counts.</param>
internal sealed class FolderWalk(DocumentRoot root, GlobFilter globs, string? output, IReadOnlySet<string> otherInputs, PassedOver passedOver)
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <summary>Walks.</summary>
    /// <exception cref="BatchException">A folder cannot be listed, or something in it is an INPUT of its own.</exception>
    public IEnumerable<FoundFile> Enumerate() => Walk(root.FullPath!, ""); // A folder has a path.

    private IEnumerable<FoundFile> Walk(string folder, string prefix)
    {
        foreach (var entry in List(folder))
        {
            string id = prefix + entry.Name, path = Path.Combine(folder, entry.Name);
            string? target = entry.IsLink ? RealPath.Of(path) ?? Path.GetPathRoot(path)! : null; // A circle leads nowhere: as good as out of the folder.
            if (entry.Name.StartsWith('.'))
                passedOver.Hidden++;
            else if (target is not null && (entry.IsFolder || !RealPath.IsWithin(target, root.RealPath)))
                passedOver.Links++;
            else if (entry.IsFolder && !IsOutput(path) && !globs.Excludes(id)) // An excluded folder is not entered: it may be unreadable.
            {
                foreach (var file in Walk(NotGivenTwice(path, id), id + "/"))
                    yield return file;
            }
            else if (!entry.IsFolder && DocumentFinder.IsDocumentName(id) && globs.Takes(id))
                yield return new FoundFile(id, NotGivenTwice(path, id), new FileInfo(target ?? path) is { Exists: true } file ? file.Length : 0);
            else if (!entry.IsFolder)
                passedOver.Others++;
        }
    }

    /// <summary>Lists a folder so that its documents come in ordinal order of their paths: a folder sorts by its name and a slash.</summary>
    private List<Entry> List(string folder)
    {
        try
        {
            List<Entry> entries = [.. new FileSystemEnumerable<Entry>(
                folder, (ref e) => new Entry(e.FileName.ToString(), e.IsDirectory, (e.Attributes & FileAttributes.ReparsePoint) != 0), Everything)];
            entries.Sort((a, b) => string.CompareOrdinal(SortKey(a), SortKey(b)));
            return entries;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BatchException.Usage($"{root.Name} cannot be listed: {e.Message} Make it readable or leave it out with --exclude.");
        }
    }

    private static string SortKey(Entry entry) => entry.IsFolder ? entry.Name + "/" : entry.Name;

    private bool IsOutput(string folder) => output is not null && RealPath.Of(folder) == output;

    private string NotGivenTwice(string path, string id) => otherInputs.Contains(path) ? throw BatchException.Usage(DocumentFinder.GivenTwice(id)) : path;

    private readonly record struct Entry(string Name, bool IsFolder, bool IsLink);
}
