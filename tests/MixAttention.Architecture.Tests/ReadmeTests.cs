using System.Text.RegularExpressions;

namespace MixAttention.Architecture.Tests;

/// <summary>Holds the pages of the repository to what is there.</summary>
public sealed partial class ReadmeTests
{
    private const int MaxDesignNoteLines = 150;

    [Fact]
    public void Link_leads_to_a_file_of_the_repository()
    {
        var broken =
            from page in Repository.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal))
            from Match link in RelativeLink().Matches(File.ReadAllText(Path.Combine(Repository.Root, page)))
            let target = Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, link.Groups["target"].Value))
            where !Path.Exists(target)
            select $"{page}: {link.Groups["target"].Value}";

        Findings.AssertNone(broken);
    }

    [Fact]
    public void File_tree_has_a_line_per_folder()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        var folders = Repository.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal))
            .SelectMany(f => f.Split('/')[1..^1].Take(2)).Distinct();

        Findings.AssertNone(folders.Where(folder => !Regex.IsMatch(readme, $@"^ +{Regex.Escape(folder)}/ +\S", RegexOptions.Multiline)));
    }

    [Fact]
    public void Project_has_a_short_design_note()
    {
        var projects = Directory.GetDirectories(Path.Combine(Repository.Root, "src"), "MixAttention.*");

        Assert.All(projects, project => Assert.InRange(File.ReadLines(Path.Combine(project, "README.md")).Count(), 5, MaxDesignNoteLines));
    }

    [GeneratedRegex(@"\]\((?<target>(?!https?:|mailto:|#)[^)#\s]+)")]
    private static partial Regex RelativeLink();
}
