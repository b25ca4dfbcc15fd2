using MixAttention.Batch.Inputs;

namespace MixAttention.Batch.Documents;

/// <summary>Names documents by their path below their INPUT; those that would share a name get the folders above it that tell them apart.</summary>
/// <remarks>Of documents that share no name nothing is kept but a digest, and not even that where there is one INPUT only.</remarks>
/// <param name="roots">The inputs.</param>
internal sealed class DocumentNames(IReadOnlyList<DocumentRoot> roots)
{
    private readonly IdTable _ids = new(); // With the number of the first INPUT that has it, from 1.
    private readonly Dictionary<string, List<int>> _shared = []; // With all inputs that have it, from 0.

    /// <summary>Takes note of a document.</summary>
    public void Note(int root, string id)
    {
        if (roots.Count == 1 || _ids.Add(id, root + 1) is not { } first)
            return;
        if (!_shared.TryGetValue(id, out var sharers))
            _shared.Add(id, sharers = [first - 1]);
        sharers.Add(root);
    }

    /// <summary>Finds a name that two documents would have in spite of the folders above them.</summary>
    /// <returns>Null when all names differ.</returns>
    public string? FindClash()
    {
        var longer = new HashSet<string>();
        foreach (var (id, sharers) in _shared)
        {
            foreach (string name in sharers.Select(root => Of(id, PathOf(root, id))))
            {
                if (!longer.Add(name) || (_ids.Find(name) is not null && !_shared.ContainsKey(name)))
                    return name;
            }
        }

        return null;
    }

    /// <summary>Names a document.</summary>
    public string Of(string id, string? fullPath)
    {
        if (fullPath is null || !_shared.TryGetValue(id, out var sharers))
            return id;
        string[] paths = [.. sharers.Select(r => PathOf(r, id) ?? "")];
        int common = CommonFolderLength(paths);
        return common > 0 ? fullPath[common..] : id;
    }

    private string? PathOf(int root, string id) => roots[root].IsFolder ? $"{Path.TrimEndingDirectorySeparator(roots[root].FullPath!)}/{id}" : roots[root].FullPath; // A folder has a path.

    private static int CommonFolderLength(string[] paths)
    {
        int length = 0;
        while (paths.All(p => length < p.Length && p[length] == paths[0][length]))
            length++;
        return length == 0 ? 0 : paths[0].LastIndexOf('/', length - 1) + 1;
    }
}
