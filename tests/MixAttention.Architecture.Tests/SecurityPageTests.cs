using System.Text.RegularExpressions;

namespace MixAttention.Architecture.Tests;

/// <summary>Holds the security page to the tests that it names.</summary>
public sealed partial class SecurityPageTests
{
    private static readonly MatchCollection Named = TestName().Matches(File.ReadAllText(Path.Combine(Repository.Root, "SECURITY.md")));

    [Fact]
    public void Page_names_tests() => Assert.True(Named.Count > 40);

    [Fact]
    public void Named_test_exists() => Findings.AssertNone(
        from name in Named
        let file = Repository.SourceFiles.FirstOrDefault(f => Path.GetFileNameWithoutExtension(f) == name.Groups["class"].Value)
        where file is null || (name.Groups["method"].Success && !File.ReadAllText(file).Contains($" {name.Groups["method"].Value}(", StringComparison.Ordinal))
        select name.Value);

    [GeneratedRegex(@"`(?<class>\w+Tests)(?:\.(?<method>\w+))?`")]
    private static partial Regex TestName();
}
