using System.Text.Json;
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

        Assert.Empty(Unknown(values.RootElement, schema.RootElement, ""));
        Assert.Contains(Unknown(JsonDocument.Parse("""{"image":{"nonsense":1}}""").RootElement, schema.RootElement, ""), path => path == ".image.nonsense");
    }

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

    private static IEnumerable<string> Unknown(JsonElement value, JsonElement schema, string path)
    {
        if (value.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var known))
            yield break;
        foreach (var property in value.EnumerateObject())
        {
            if (!known.TryGetProperty(property.Name, out var inner))
                yield return $"{path}.{property.Name}";
            else
            {
                foreach (string unknown in Unknown(property.Value, inner, $"{path}.{property.Name}"))
                    yield return unknown;
            }
        }
    }
}
