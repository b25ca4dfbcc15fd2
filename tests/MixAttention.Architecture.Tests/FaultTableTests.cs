using System.Globalization;
using System.Text.RegularExpressions;

namespace MixAttention.Architecture.Tests;

/// <summary>Holds the table of faults to the tests: each fault that has tests is named by its number in the classes of its row, and none is left out.</summary>
public sealed partial class FaultTableTests
{
    private static readonly (int Number, string Tests)[] Rows =
        [.. File.ReadLines(Path.Combine(Repository.Root, "tests/FAULTS.md")).Select(l => Row().Match(l)).Where(m => m.Success).Select(m => (Parse(m.Groups["number"].Value), m.Groups["tests"].Value))];

    private static readonly ILookup<int, string> Named = (
        from file in Repository.Files.Where(f => f.StartsWith("tests/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal))
        from Match name in TestName().Matches(File.ReadAllText(Path.Combine(Repository.Root, file)))
        from number in name.Groups["number"].Captures
        select (Number: Parse(number.Value), Class: Path.GetFileNameWithoutExtension(file))).ToLookup(n => n.Number, n => n.Class);

    [Fact]
    public void Table_has_rows() => Assert.True(Rows.Length > 40);

    [Fact]
    public void Class_of_a_row_names_its_fault() => Findings.AssertNone(
        from row in Rows
        from Match test in Quoted().Matches(row.Tests)
        where !Named[row.Number].Contains(test.Groups["class"].Value)
        select $"{row.Number}: no test of {test.Groups["class"].Value} names it");

    [Fact]
    public void Test_that_names_a_fault_is_in_its_row() => Findings.AssertNone(
        from fault in Named
        from test in fault.Distinct()
        where !Rows.Any(r => r.Number == fault.Key && r.Tests.Contains($"`{test}`", StringComparison.Ordinal))
        select $"{fault.Key}: {test}");

    private static int Parse(string number) => int.Parse(number, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\| (?<number>\d+) \|[^|]*\| (?<tests>[^|]*) \|$")]
    private static partial Regex Row();

    [GeneratedRegex(@"\b(?:void|Task) (?:Fault(?:_(?<number>\d+))+_\w+|\w+_fault(?:_(?<number>\d+))+)\(")]
    private static partial Regex TestName();

    [GeneratedRegex(@"`(?<class>\w+)`")]
    private static partial Regex Quoted();
}
