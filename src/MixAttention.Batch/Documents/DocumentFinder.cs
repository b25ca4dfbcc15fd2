using MixAttention.Batch.Documents.Formats;

namespace MixAttention.Batch.Documents;

/// <summary>Finds the documents of a job: files as they are named, folders through their files of the types that are read.</summary>
/// <remarks>
/// Passed over and counted: hidden entries, links that lead out of the folder, links to folders (a folder is read under one name only) and other files. A file that
/// is named on the command line is taken whatever it is; if it is no document, its request fails with a reason.
/// Documents are not kept: each enumeration walks the folders again, in memory of one folder's names.
/// </remarks>
public sealed class DocumentFinder
{
    private const int LargestKept = 1024;

    private readonly DocumentQuery _query;
    private readonly GlobFilter _globs;
    private readonly string? _output;
    private readonly List<DocumentRoot> _roots;
    private readonly DocumentNames _names;

    private DocumentFinder(DocumentQuery query)
    {
        _query = query;
        _globs = new GlobFilter(query.Include, query.Exclude);
        _output = query.OutputFolder is { } folder ? RealPath.Of(folder) : null;

        var problems = new List<string>();
        _roots = [.. query.Inputs.Select(input => Resolve(input, problems)).OfType<DocumentRoot>()];
        problems.AddRange(_roots.GroupBy(r => r.FullPath).Where(g => g.Count() > 1).Select(g => GivenTwice(g.First().Name)));
        _names = new DocumentNames(_roots);
        Found = problems.Count == 0 ? Survey(problems) : new FoundDocuments(0, [], 0, 0, 0);
        if (problems.Count > 0)
            throw BatchException.Usage(string.Join(" ", problems));
    }

    /// <summary>Gets what there was when the finder was made.</summary>
    public FoundDocuments Found { get; }

    /// <summary>Tells whether a file's name is that of a document.</summary>
    public static bool IsDocumentName(string path) => DocumentKind.Of(path) is not null;

    /// <summary>Looks at all documents of a query.</summary>
    /// <exception cref="BatchException">An INPUT is missing, named twice, in the way of the output, or nothing was found; the message lists all problems.</exception>
    public static DocumentFinder Find(DocumentQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return new DocumentFinder(query);
    }

    /// <summary>Walks through all documents in input order: order of the arguments, ordinal order of paths within a folder.</summary>
    /// <exception cref="BatchException">A folder cannot be listed any more.</exception>
    public IEnumerable<DocumentEntry> Enumerate()
    {
        int index = 0;
        foreach (var file in _roots.SelectMany(root => Files(root, new PassedOver())))
            yield return new DocumentEntry(index++, _names.Of(file.Id, file.FullPath), file.FullPath, file.ByteCount);
    }

    private DocumentRoot? Resolve(string input, List<string> problems)
    {
        if (input == "-")
            return new DocumentRoot("-", null, "", IsFolder: false);
        string fullPath = Path.TrimEndingDirectorySeparator(Path.GetFullPath(input));
        string? realPath = RealPath.Of(fullPath);
        string? problem =
            realPath is null ? $"{input} is a link that leads in a circle. Name a file or folder."
            : _output is not null && RealPath.IsWithin(realPath, _output) ? $"{input} lies in the output folder, whose files a run replaces. Choose another output folder."
            : !File.Exists(fullPath) && !Directory.Exists(fullPath) ? $"{input} does not exist. Name a file, a folder, or - for standard input."
            : null;
        if (problem is null)
            return new DocumentRoot(input, fullPath, realPath!, Directory.Exists(fullPath)); // Without a problem there is a real path.
        problems.Add(problem);
        return null;
    }

    private FoundDocuments Survey(List<string> problems)
    {
        int count = 0;
        var passedOver = new PassedOver();
        var largest = new PriorityQueue<long, long>();
        for (int i = 0; i < _roots.Count; i++)
        {
            try
            {
                foreach (var file in Files(_roots[i], passedOver))
                {
                    count++;
                    _names.Note(i, file.Id);
                    largest.Enqueue(file.ByteCount, file.ByteCount);
                    if (largest.Count > LargestKept)
                        largest.Dequeue();
                }
            }
            catch (BatchException e)
            {
                problems.Add(e.Message);
            }
        }

        if (problems.Count == 0 && count == 0)
            problems.Add($"No documents ({DocumentKind.Accepted}) in {string.Join(", ", _query.Inputs)}{passedOver}. Name a folder that has some, or widen --include.");
        if (problems.Count == 0 && _names.FindClash() is { } clash)
            problems.Add($"Two documents would both be called {clash}. Run their folders one by one, each with its own output folder.");
        return new FoundDocuments(count, [.. largest.UnorderedItems.Select(l => l.Element).OrderDescending()], passedOver.Hidden, passedOver.Links, passedOver.Others);
    }

    private IEnumerable<FoundFile> Files(DocumentRoot root, PassedOver passedOver)
    {
        if (root.FullPath is null)
            return [new FoundFile("stdin", null, 0)];
        if (!root.IsFolder)
            return [new FoundFile(Path.GetFileName(root.FullPath), root.FullPath, new FileInfo(root.RealPath).Length)];
        var otherInputs = _roots.Where(r => r != root).Select(r => r.FullPath).OfType<string>().ToHashSet();
        return new FolderWalk(root, _globs, _output, otherInputs, passedOver).Enumerate();
    }

    /// <summary>Says that a document would be taken twice.</summary>
    internal static string GivenTwice(string name) => $"{name} is given more than once. Name it once.";
}

/// <summary>An INPUT of a query.</summary>
/// <param name="Name">As it was given.</param>
/// <param name="FullPath">Its path; null for standard input.</param>
/// <param name="RealPath">Its path without links.</param>
/// <param name="IsFolder">Whether it is a folder.</param>
internal sealed record DocumentRoot(string Name, string? FullPath, string RealPath, bool IsFolder);
