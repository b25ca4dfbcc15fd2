using System.Text.RegularExpressions;
using ArchUnitNET.xUnitV3;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace MixAttention.Architecture.Tests;

/// <summary>Holds the rules for types: interfaces earn their place, classes are sealed, names say what a thing is.</summary>
public sealed partial class TypeTests
{
    // Interface name → why one implementation is enough. Empty: none has needed it yet.
    private static readonly Dictionary<string, string> AllowedSingleImplementations = [];

    [Fact]
    public void Interface_has_two_implementations_or_a_reason()
    {
        var sources = Repository.SourceFiles.Select(File.ReadAllText).ToList();
        var declarations = sources.SelectMany(s => TypeWithBases().Matches(s)).Select(m => m.Groups["bases"].Value).ToList();
        var lonely = sources.SelectMany(s => InterfaceDeclaration().Matches(s)).Select(m => m.Groups["name"].Value)
            .Where(name => !AllowedSingleImplementations.ContainsKey(name))
            .Where(name => declarations.Count(bases => Regex.IsMatch(bases, $@"\b{name}\b")) < 2);

        Findings.AssertNone(lonely);
    }

    [Fact]
    public void Class_is_sealed_static_or_abstract() =>
        Classes().That().ResideInAssembly(Product.Layers[0], [.. Product.Layers.Skip(1)]).And().AreNotAbstract()
            .And().DoNotHaveName("Program") // made by the compiler from top-level statements
            .Should().BeSealed().Check(Product.Architecture);

    [Fact]
    public void Type_is_not_named_for_a_drawer() =>
        Types().That().ResideInAssembly(Product.Layers[0], [.. Product.Layers.Skip(1)])
            .Should().NotHaveNameMatching("(Manager|Helpers?|Utils?|Utilities)$")
            .Check(Product.Architecture);

    [GeneratedRegex(@"\binterface\s+(?<name>I\w+)")]
    private static partial Regex InterfaceDeclaration();

    // A primary constructor's parameters come before the colon and constraints after "where": neither is a base.
    [GeneratedRegex(@"\b(?:class|struct|record)\s+\w+(?:<[^>]*>)?\s*(?:\([^{;]*?\))?\s*:\s*(?<bases>[^{;]*?)(?=\bwhere\b|[{;])")]
    private static partial Regex TypeWithBases();
}
