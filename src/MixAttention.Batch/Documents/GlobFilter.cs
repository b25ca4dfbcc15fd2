using Microsoft.Extensions.FileSystemGlobbing;

namespace MixAttention.Batch.Documents;

/// <summary>Decides by globs which relative paths are taken. A glob without a slash matches a name at any depth, and a folder's name everything below it.</summary>
internal sealed class GlobFilter
{
    private readonly Matcher _includer = new(StringComparison.Ordinal);
    private readonly Matcher _excluder = new(StringComparison.Ordinal);

    public GlobFilter(IReadOnlyList<string> include, IReadOnlyList<string> exclude)
    {
        foreach (string glob in include.Count > 0 ? include.SelectMany(Expand) : ["**/*"])
            _includer.AddInclude(glob);
        foreach (string glob in exclude.SelectMany(Expand))
            _excluder.AddInclude(glob);
    }

    public bool Takes(string relativePath) => _includer.Match(relativePath).HasMatches && !Excludes(relativePath);

    public bool Excludes(string relativePath) => _excluder.Match(relativePath).HasMatches;

    private static IEnumerable<string> Expand(string glob)
    {
        string path = glob.TrimEnd('/');
        string anchored = path.Contains('/', StringComparison.Ordinal) ? path.TrimStart('/') : "**/" + path;
        return [anchored, anchored + "/**/*"];
    }
}
