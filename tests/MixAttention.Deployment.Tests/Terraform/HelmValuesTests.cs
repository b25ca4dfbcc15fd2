using System.Text.Json;
using System.Text.RegularExpressions;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Terraform;

/// <summary>Holds the values that the stack puts out to the chart that takes them.</summary>
public sealed class HelmValuesTests
{
    [Fact]
    public async Task Each_value_is_one_that_the_chart_takes()
    {
        string schemaFile = RepositoryFiles.At("charts/mixattention-batch/values.schema.json");
        Assert.SkipUnless(File.Exists(schemaFile), "There is no chart yet.");
        using var schema = JsonDocument.Parse(await File.ReadAllTextAsync(schemaFile, TestContext.Current.CancellationToken));
        using var values = await ReadValuesAsync();

        Assert.Empty(Problems(values.RootElement, schema.RootElement, ""));
        Assert.Equal([".image.digest", ".image.nonsense", ".keda.maxReplicas"], Problems(Wrong, schema.RootElement, "").Order(StringComparer.Ordinal));
    }

    private static JsonElement Wrong { get; } = JsonDocument.Parse("""{"image":{"nonsense":1,"digest":"sha256:12"},"keda":{"maxReplicas":"4"}}""").RootElement;

    /// <summary>Applies the module without a provider, as its own tests do, and reads what it puts out.</summary>
    private static async Task<JsonDocument> ReadValuesAsync()
    {
        using var terraform = await TerraformFolder.CopyAsync();
        string tests = await File.ReadAllTextAsync(terraform["modules/helm_values/tests/values.tftest.hcl"], TestContext.Current.CancellationToken);
        string facts = tests[tests.IndexOf("  facts = {", StringComparison.Ordinal)..tests.IndexOf("\n}\n", StringComparison.Ordinal)];
        await File.WriteAllTextAsync(terraform["modules/helm_values/facts.auto.tfvars"], facts, TestContext.Current.CancellationToken);
        var run = await terraform.ApplyAsync("modules/helm_values");
        Assert.True(run.ExitCode == 0, run.Text);
        return JsonDocument.Parse((await terraform.RunAsync("modules/helm_values", "output", "-json", "values")).Output);
    }

    /// <summary>Gets the paths of values that the schema does not name, or whose type or form is another.</summary>
    private static IEnumerable<string> Problems(JsonElement value, JsonElement schema, string path)
    {
        if (schema.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() != TypeOf(value))
            return [path];
        if (value.ValueKind == JsonValueKind.String && schema.TryGetProperty("pattern", out var pattern) && !Regex.IsMatch(value.GetString()!, pattern.GetString()!))
            return [path];
        if (value.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var known))
            return [];
        return value.EnumerateObject().SelectMany(p => known.TryGetProperty(p.Name, out var inner) ? Problems(p.Value, inner, $"{path}.{p.Name}") : [$"{path}.{p.Name}"]);
    }

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "integer",
        _ => "boolean",
    };
}
