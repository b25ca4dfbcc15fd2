using MixAttention.Batch.Documents.Formats;

namespace MixAttention.Batch.Documents;

/// <summary>Finds the documents of a run: files as they are named, folders through their files of the types that are read.</summary>
/// <remarks>
/// Passed over and counted: hidden entries, links that lead out of the folder, links to folders (a folder is read under one name only) and other files. A file that
/// is named on the command line is taken whatever it is; if it is no document, its request fails with a reason.
/// </remarks>
public sealed class DocumentFinder
{
    private readonly GlobFilter _globs;
    private readonly string? _output;
    private readonly List<Candidate> _found = [];
    private int _hidden;
    private int _links;
    private int _others;

    private DocumentFinder(DocumentQuery query)
    {
        _globs = new GlobFilter(query.Include, query.Exclude);
        _output = query.OutputFolder is { } folder ? RealPath.Of(folder) : null;
    }

    /// <summary>Tells whether a file's name is that of a document.</summary>
    public static bool IsDocumentName(string path) => DocumentKind.Of(path) is not null;

    /// <summary>Finds all documents of a query.</summary>
    /// <exception cref="BatchException">An INPUT is missing, named twice, in the way of the output, or nothing was found; the message lists all problems.</exception>
    public static FoundDocuments Find(DocumentQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        var finder = new DocumentFinder(query);
        var problems = query.Inputs.Select(finder.Add).OfType<string>().ToList();
        problems.AddRange(finder._found.GroupBy(f => f.FullPath ?? "-").Where(g => g.Count() > 1).Select(g => $"{g.First().Name} is given more than once. Name it once."));
        if (problems.Count == 0 && finder._found.Count == 0)
            problems.Add($"No documents ({DocumentKind.Accepted}) in {string.Join(", ", query.Inputs)}{finder.PassedOver()}. Name a folder that has some, or widen --include.");
        if (problems.Count > 0)
            throw BatchException.Usage(string.Join(" ", problems));
        return new FoundDocuments(NameDocuments(finder._found), finder._hidden, finder._links, finder._others);
    }

    private string? Add(string input)
    {
        if (input == "-")
        {
            _found.Add(new Candidate("stdin", "stdin", null, 0));
            return null;
        }

        string fullPath = Path.TrimEndingDirectorySeparator(Path.GetFullPath(input));
        if (RealPath.Of(fullPath) is not { } realPath)
            return $"{input} is a link that leads in a circle. Name a file or folder.";
        if (_output is not null && RealPath.IsWithin(realPath, _output))
            return $"{input} lies in the output folder, whose files a run replaces. Choose another output folder.";
        if (File.Exists(fullPath))
        {
            _found.Add(new Candidate(input, Path.GetFileName(fullPath), fullPath, new FileInfo(realPath).Length));
            return null;
        }

        if (!Directory.Exists(fullPath))
            return $"{input} does not exist. Name a file, a folder, or - for standard input.";
        try
        {
            int first = _found.Count;
            Walk(new DirectoryInfo(fullPath), "", realPath);
            _found.Sort(first, _found.Count - first, Comparer<Candidate>.Create((a, b) => string.CompareOrdinal(a.Id, b.Id)));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{input} cannot be listed: {e.Message} Make it readable or leave it out with --exclude.";
        }
    }

    private void Walk(DirectoryInfo folder, string prefix, string root)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            string id = prefix + entry.Name;
            string? target = entry.LinkTarget is null ? null : RealPath.Of(entry.FullName) ?? Path.GetPathRoot(root)!; // A circle leads nowhere: as good as out of the folder.
            if (entry.Name.StartsWith('.'))
                _hidden++;
            else if (target is not null && (entry is DirectoryInfo || !RealPath.IsWithin(target, root)))
                _links++;
            else if (entry is FileInfo file)
                Take(file, id, target);
            else if (!IsOutput(entry.FullName) && !_globs.Excludes(id)) // An excluded folder is not entered: it may be unreadable.
                Walk((DirectoryInfo)entry, id + "/", root);
        }
    }

    private void Take(FileInfo file, string id, string? target)
    {
        if (IsDocumentName(id) && _globs.Takes(id))
            _found.Add(new Candidate(id, id, file.FullName, (target is null ? file : new FileInfo(target)) is { Exists: true } f ? f.Length : 0));
        else
            _others++;
    }

    private bool IsOutput(string folder) => _output is not null && RealPath.Of(folder) == _output;

    private string PassedOver()
    {
        string[] counts = [.. new[] { (_hidden, "hidden"), (_links, "links out of the folder"), (_others, "of other types or excluded") }.Where(c => c.Item1 > 0).Select(c => $"{c.Item1} {c.Item2}")];
        return counts.Length > 0 ? $" (passed over: {string.Join(", ", counts)})" : "";
    }

    /// <summary>Names documents by their path below their INPUT; those that would share a name get the folders above it that tell them apart.</summary>
    private static List<DocumentEntry> NameDocuments(List<Candidate> found)
    {
        var names = new string[found.Count];
        foreach (var group in Enumerable.Range(0, found.Count).GroupBy(i => found[i].Id))
        {
            int common = group.Count() > 1 ? CommonFolderLength([.. group.Select(i => found[i].FullPath ?? "")]) : 0;
            foreach (int i in group)
                names[i] = common > 0 ? found[i].FullPath![common..] : found[i].Id; // Only files can share a name: standard input is given once.
        }

        if (names.GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } clash)
            throw BatchException.Usage($"Two documents would both be called {clash.Key}. Run their folders one by one, each with its own output folder.");
        return [.. found.Select((f, i) => new DocumentEntry(i, names[i], f.FullPath, f.ByteCount))];
    }

    private static int CommonFolderLength(string[] paths)
    {
        int length = 0;
        while (paths.All(p => length < p.Length && p[length] == paths[0][length]))
            length++;
        return length == 0 ? 0 : paths[0].LastIndexOf('/', length - 1) + 1;
    }

    private sealed record Candidate(string Name, string Id, string? FullPath, long ByteCount);
}
