using System.Text.RegularExpressions;

namespace MixAttention.Architecture.Tests;

/// <summary>Holds the rules for files: size, names, and that the text speaks of the product alone.</summary>
public sealed partial class RepositoryTests
{
    private const int MaxSourceLines = 400;

    private static readonly string[] TextExtensions = [".cs", ".csproj", ".props", ".targets", ".sln", ".md", ".sh", ".txt", ".yml", ".yaml", ".json", ".js", ".mjs", ".py", ".tf", ".hcl", ""];

    [Fact]
    public void Repository_is_listed() => Assert.Contains("MixAttention.Batch.sln", Repository.Files);

    [Fact]
    public void Source_file_is_short_enough_to_read() =>
        Findings.AssertNone(Repository.SourceFiles.Where(f => File.ReadLines(f).Count() > MaxSourceLines));

    [Fact]
    public void Project_is_named_for_what_it_does() =>
        Findings.AssertNone(Repository.Files.Where(f => DrawerProject().IsMatch(f)));

    [Fact]
    public void Root_holds_only_the_usual_folders() =>
        Findings.AssertNone(Repository.Files.Where(f => f.Contains('/', StringComparison.Ordinal) && f.Split('/')[0] is not ("src" or "tests" or "charts" or "terraform" or ".ci")));

    [Fact]
    public void Text_names_no_place_of_one_machine() =>
        Findings.AssertNone(Search(MachinePath()).Where(hit => !hit.StartsWith(".ci/", StringComparison.Ordinal)));

    [Fact]
    public void Text_names_no_package_registry() => Findings.AssertNone(Search(RegistryHost()));

    [Fact]
    public void Text_speaks_of_the_product_alone() => Findings.AssertNone(Search(ForeignWord()));

    [Fact]
    public void Source_leaves_nothing_unfinished() => Findings.AssertNone(Search(UnfinishedMark()).Where(hit => hit.Contains(".cs:", StringComparison.Ordinal)));

    [Fact]
    public void Number_that_libtorch_reads_is_kept_alive() =>
        Findings.AssertNone(Search(FleetingScalar()).Where(hit => hit.StartsWith("src/", StringComparison.Ordinal) && !hit.StartsWith("src/MixAttention.Compute/ScalarOperations.cs", StringComparison.Ordinal)));

    private static IEnumerable<string> Search(Regex pattern) =>
        from file in Repository.Files
        where TextExtensions.Contains(Path.GetExtension(file)) && !Data().IsMatch(file)
        from line in File.ReadLines(Path.Combine(Repository.Root, file)).Select((text, index) => (Text: text, Number: index + 1))
        where pattern.IsMatch(line.Text)
        select $"{file}:{line.Number}: {line.Text.Trim()}";

    // Documents, vectors and goldens are other people's words: they may name anything.
    [GeneratedRegex(@"(^|/)(Demo/(samples/|[^/]+\.json$)|Goldens/|Vectors/|packages\.lock\.json$)", RegexOptions.IgnoreCase)]
    private static partial Regex Data();

    // What makes a native number of its own in TorchSharp: sums and differences always, others where they are given one.
    [GeneratedRegex(@"\.(add_?|sub_|clamp_?|pow_?|fill_)\(|\.(mul_?|div_?)\((-?\d|[\w.]*([Ss]cale|[Ff]actor|cap|scalar)\b)")]
    private static partial Regex FleetingScalar();

    // The patterns below are written so that they do not find themselves.
    [GeneratedRegex(@"\.\./s[h]ared\b|(?<![\w./>-])/(w[o]rk|r[o]ot|h[o]me|U[s]ers)/|/t[m]p/(team|wt|peer)\b")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"nuget\.[o]rg|npmjs\.(org|com)|pypi\.[o]rg|debian\.[o]rg|artif[a]ctory", RegexOptions.IgnoreCase)]
    private static partial Regex RegistryHost();

    [GeneratedRegex(@"\b(this|next|later|previous) i[s]sue\b|\bi[s]sue #?\d|workp[l]ace\b|\bclau[d]e\b|\banthr[o]pic\b", RegexOptions.IgnoreCase)]
    private static partial Regex ForeignWord();

    [GeneratedRegex(@"\bTO[D]O\b|\bFIX[M]E\b|\bHA[C]K\b|NotImpl[e]mentedException")]
    private static partial Regex UnfinishedMark();

    [GeneratedRegex(@"(Abstractions|Common|Core|Utils?|Utilities|Helpers?|Shared)(\.Tests)?\.csproj$")]
    private static partial Regex DrawerProject();
}
