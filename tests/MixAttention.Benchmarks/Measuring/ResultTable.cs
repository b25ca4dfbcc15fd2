using System.Globalization;
using System.Text.Json;

namespace MixAttention.Benchmarks.Measuring;

/// <summary>One line of a benchmark: a value and what it is compared with, both measured in the same run.</summary>
/// <param name="Case">What was measured.</param>
/// <param name="Value">The value measured; the bench says whether of the best or of the median run.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Ratio">Value over the reference; null for a line that is itself the reference.</param>
/// <param name="Reference">What the ratio is taken against: a limit of the machine or the plain form.</param>
internal sealed record ResultRow(string Case, double Value, string Unit, double? Ratio = null, string Reference = "");

/// <summary>Collects the lines of one benchmark; prints them for people and as JSON.</summary>
internal sealed class ResultTable
{
    private readonly List<ResultRow> _rows = [];

    /// <summary>Adds a line that others are compared with.</summary>
    public void AddReference(string name, double value, string unit) => _rows.Add(new ResultRow(name, value, unit));

    /// <summary>Adds a line with its ratio to a reference in the same unit.</summary>
    public void Add(string name, double value, string unit, double reference, string referenceName) =>
        _rows.Add(new ResultRow(name, value, unit, value / reference, referenceName));

    /// <summary>Prints the lines as a Markdown table.</summary>
    public void Print(TextWriter output)
    {
        int width = Math.Max(4, _rows.Max(r => r.Case.Length));
        output.WriteLine($"| {"case".PadRight(width)} |      value | unit     | ratio | of what |");
        output.WriteLine($"|{new string('-', width + 2)}|-----------:|----------|------:|---------|");
        foreach (var row in _rows)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {row.Case.PadRight(width)} | {Round(row.Value),10} | {row.Unit,-8} | {row.Ratio,5:0.00} | {row.Reference} |"));
        }
    }

    /// <summary>Returns the table as one line of JSON.</summary>
    public string ToJson(string benchmark, Machine machine) =>
        JsonSerializer.Serialize(new { benchmark, machine, rows = _rows }, JsonSerializerOptions.Web);

    private static string Round(double value) => value.ToString(value < 100 ? "0.00" : "0", CultureInfo.InvariantCulture);
}
