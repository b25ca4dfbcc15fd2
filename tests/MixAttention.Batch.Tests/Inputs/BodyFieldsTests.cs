using System.Runtime.CompilerServices;
using System.Text;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Inputs;

public sealed class BodyFieldsTests
{
    private static readonly BodyDefaults Defaults = new();

    [Fact]
    public void Readme_has_the_table_of_the_code()
    {
        string page = File.ReadAllText(Path.GetFullPath("../../../../README.md", ThisFile()));
        Assert.Contains($"\n{Table()}\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Null_is_as_good_as_absent()
    {
        foreach (var (field, line) in Lines(f => $"\"{f.Name}\":null", FieldTreatment.Honoured, FieldTreatment.Ignored, FieldTreatment.RefusedUnless, FieldTreatment.Refused))
            AssertChangesNothing(field, line);
    }

    [Fact]
    public void Ignored_field_changes_nothing()
    {
        foreach (var (field, line) in Lines(f => $$"""
            "{{f.Name}}":{"any":["value"]}
            """, FieldTreatment.Ignored))
            AssertChangesNothing(field, line);
    }

    [Fact]
    public void Value_that_changes_nothing_is_taken_and_another_is_not()
    {
        foreach (var (field, line) in Lines(f => $"\"{f.Name}\":{f.OnlyValue}", FieldTreatment.RefusedUnless))
            AssertChangesNothing(field, line);
        foreach (var (field, line) in Lines(f => $"\"{f.Name}\":\"other\"", FieldTreatment.RefusedUnless))
            Assert.Equal($"body.{field.Name} is \"other\". Only {field.OnlyValue} is supported. {field.Note}", Parse(line).Error?.Message);
    }

    [Fact]
    public void Refused_field_is_named_with_its_value_and_a_cure()
    {
        foreach (var (field, line) in Lines(f => $"\"{f.Name}\":[1]", FieldTreatment.Refused))
            Assert.Equal($"body.{field.Name} is [1]. It is not supported. {field.Note}", Parse(line).Error?.Message);
    }

    private static void AssertChangesNothing(BodyField field, string line)
    {
        var plain = Parse(field.Endpoint == BatchEndpoint.Completions ? BatchLines.Completion() : BatchLines.Chat()).Content!;
        var row = Parse(line).Content;
        Assert.True(row is not null, $"{field.Name} is refused: {Parse(line).Error?.Message}");
        Assert.Equal((plain.Sampling, plain.TakesRestOfContext, plain.Messages.Count, plain.PromptText), (row.Sampling, row.TakesRestOfContext, row.Messages.Count, row.PromptText));
    }

    /// <summary>Makes a line for every field of these treatments, except those that every line has.</summary>
    private static IEnumerable<(BodyField Field, string Line)> Lines(Func<BodyField, string> write, params FieldTreatment[] treatments) =>
        BodyFields.All.Where(f => treatments.Contains(f.Treatment) && f.Name is not ("model" or "messages" or "prompt"))
            .Select(f => (f, f.Endpoint == BatchEndpoint.Completions ? BatchLines.Completion(write(f)) : BatchLines.Chat(write(f))));

    private static ParsedRow<BatchRow> Parse(string line) => new BatchRowParser(BatchLines.Model, Defaults).Parse(Encoding.UTF8.GetBytes(line));

    private static string Table()
    {
        var groups = BodyFields.All.GroupBy(f => (f.Endpoint, f.Treatment, f.Note));
        return string.Join('\n', groups.Select(g => $"| {string.Join(", ", g.Select(Name))} | {Endpoint(g.Key.Endpoint)} | {Treatment(g.Key.Treatment)} | {g.Key.Note.TrimEnd('.')} |")
            .Prepend("|---|---|---|---|").Prepend("| field of `body` | endpoint | treatment | values and default, reason, or cure |"));

        static string Name(BodyField field) => field.OnlyValue is null ? $"`{field.Name}`" : $"`{field.Name}` (only `{field.OnlyValue}`)";

        static string Endpoint(BatchEndpoint? endpoint) => endpoint switch
        {
            null => "both",
            BatchEndpoint.ChatCompletions => "chat",
            _ => "completions",
        };

        static string Treatment(FieldTreatment treatment) => treatment switch
        {
            FieldTreatment.Honoured => "honoured",
            FieldTreatment.Ignored => "ignored",
            FieldTreatment.RefusedUnless => "other values refused",
            _ => "refused",
        };
    }

    private static string ThisFile([CallerFilePath] string file = "") => file;
}
