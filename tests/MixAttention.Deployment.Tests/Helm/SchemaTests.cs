using System.Text.Json.Nodes;

namespace MixAttention.Deployment.Tests.Helm;

/// <summary>Holds that the schema of the values is closed, and that Helm refuses what breaks any of its rules.</summary>
public sealed class SchemaTests
{
    private static readonly JsonObject Schema = JsonNode.Parse(File.ReadAllText(Path.Combine(HelmProgram.Chart, "values.schema.json")))!.AsObject();
    private static readonly JsonObject Defaults = RenderedChart.ParseOne(File.ReadAllText(Path.Combine(HelmProgram.Chart, "values.yaml")));

    [Fact]
    public void Each_value_has_a_default_and_a_rule()
    {
        var known = Leaves(Schema, []).Select(leaf => string.Join('.', leaf.Path)).Where(path => path != "global");
        var given = Values(Defaults, Schema, "");

        Assert.Equal(known.Order(StringComparer.Ordinal), given.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Unknown_value_is_refused_at_every_level()
    {
        var helm = await HelmProgram.InstallAsync();
        var levels = Levels(Schema, []).ToList();
        var values = new JsonObject();
        foreach (var level in levels)
            Set(values, [.. level, "nonsense"], 1);

        var run = await helm.TemplateAsync("scaledjob-values.yaml", values.ToJsonString());

        Assert.Equal(1, run.ExitCode);
        Assert.True(levels.Count > 25);
        Assert.All(levels, level => Assert.Contains($"at '{Pointer(level)}': additional properties 'nonsense' not allowed", run.Errors, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Value_of_another_type_is_refused()
    {
        var helm = await HelmProgram.InstallAsync();
        var leaves = Leaves(Schema, []).ToList();
        var values = new JsonObject();
        foreach (var (path, rule) in leaves)
            Set(values, path, rule["enum"] is not null ? "nonsense" : Types(rule).Contains("boolean") ? "yes" : Types(rule).Contains("object") ? 7 : true);

        var run = await helm.TemplateAsync("scaledjob-values.yaml", values.ToJsonString());

        Assert.Equal(1, run.ExitCode);
        Assert.True(leaves.Count > 90);
        Assert.All(leaves, leaf => Assert.Contains($"at '{Pointer(leaf.Path)}':", run.Errors, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Number_out_of_its_range_and_text_of_another_form_are_refused()
    {
        var helm = await HelmProgram.InstallAsync();
        var leaves = Leaves(Schema, []).Where(leaf => leaf.Rule["minimum"] is not null || leaf.Rule["pattern"] is not null).ToList();
        var values = new JsonObject();
        foreach (var (path, rule) in leaves)
            Set(values, path, rule["minimum"] is { } least ? least.GetValue<int>() - 1 : "!?");
        var highest = Leaves(Schema, []).Where(leaf => leaf.Rule["maximum"] is not null).ToList();
        var tooHigh = new JsonObject();
        foreach (var (path, rule) in highest)
            Set(tooHigh, path, rule["maximum"]!.GetValue<int>() + 1);

        var low = await helm.TemplateAsync("scaledjob-values.yaml", values.ToJsonString());
        var high = await helm.TemplateAsync("scaledjob-values.yaml", tooHigh.ToJsonString());

        Assert.Equal((1, 1), (low.ExitCode, high.ExitCode));
        Assert.All(leaves, leaf => Assert.Contains($"at '{Pointer(leaf.Path)}':", low.Errors, StringComparison.Ordinal));
        Assert.All(highest, leaf => Assert.Contains($"at '{Pointer(leaf.Path)}':", high.Errors, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("image: { tag: latest }", "at '/image/tag'")]
    [InlineData("image: { tag: 1.0 }", "at '/image/tag'")]
    [InlineData("image: { digest: 'sha256:abc' }", "at '/image/digest'")]
    [InlineData("model: { verifyImage: 'busybox:latest' }", "at '/model/verifyImage'")]
    [InlineData("model: { verifyImage: busybox }", "at '/model/verifyImage'")]
    [InlineData("model: { image: { reference: 'models/a:latest' } }", "at '/model/image/reference'")]
    [InlineData("model: { path: ../etc }", "at '/model/path'")]
    [InlineData("model: { path: /etc }", "at '/model/path'")]
    [InlineData("model: { files: { '../x': aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa } }", "invalid propertyName '../x'")]
    [InlineData("podLabels: { app.kubernetes.io/component: web }", "invalid propertyName 'app.kubernetes.io/component'")]
    [InlineData("commonLabels: { helm.sh/chart: web }", "invalid propertyName 'helm.sh/chart'")]
    [InlineData("model: { files: { x: abc } }", "at '/model/files/x'")]
    [InlineData("storage: { account: 'https://a.blob.core.windows.net' }", "at '/storage/account'")]
    [InlineData("queue: { namespace: sb-example.servicebus.windows.net }", "at '/queue/namespace'")]
    [InlineData("gpu: { count: 2 }", "at '/gpu/count'")]
    [InlineData("worker: { options: { memory: 40 } }", "at '/worker/options/memory'")]
    [InlineData("worker: { options: { memory: 40Gi } }", "at '/worker/options/memory'")]
    [InlineData("worker: { extraEnv: [{ value: a }] }", "at '/worker/extraEnv/0'")]
    [InlineData("image: { pullSecrets: [{ password: a }] }", "at '/image/pullSecrets/0'")]
    [InlineData("fullnameOverride: a-name-so-long-that-nothing-could-be-added-to-it", "at '/fullnameOverride'")]
    [InlineData("podDisruptionBudget: { maxUnavailable: half }", "at '/podDisruptionBudget/maxUnavailable'")]
    [InlineData("networkPolicy: { privateAddresses: [10.0.4.1] }", "at '/networkPolicy/privateAddresses/0'")]
    [InlineData("commonLabels: { a: 1 }", "at '/commonLabels/a'")]
    public async Task Value_that_cannot_be_meant_is_refused(string values, string problem)
    {
        var helm = await HelmProgram.InstallAsync();

        var run = await helm.TemplateAsync("scaledjob-values.yaml", values);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(problem, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Readme_names_each_value()
    {
        string readme = File.ReadAllText(Path.Combine(HelmProgram.Chart, "README.md"));

        Assert.DoesNotContain(Values(Defaults, Schema, ""), path => !readme.Contains($"`{path}`", StringComparison.Ordinal));
    }

    private static bool IsClosed(JsonNode rule) => rule["properties"] is not null && rule["additionalProperties"] is JsonValue value && !value.GetValue<bool>();

    private static IEnumerable<string[]> Levels(JsonObject rule, string[] path) =>
        rule["properties"] is not JsonObject inner ? [] : inner.SelectMany(p => Levels(p.Value!.AsObject(), [.. path, p.Key])).Prepend(path);

    private static IEnumerable<(string[] Path, JsonObject Rule)> Leaves(JsonObject rule, string[] path) =>
        !IsClosed(rule) ? [(path, rule)] : rule["properties"]!.AsObject().SelectMany(p => Leaves(p.Value!.AsObject(), [.. path, p.Key]));

    private static IEnumerable<string> Values(JsonObject values, JsonObject rule, string path) => values.SelectMany(value =>
        rule["properties"]?[value.Key] is JsonObject inner && IsClosed(inner) ? Values(value.Value!.AsObject(), inner, $"{path}{value.Key}.") : [path + value.Key]);

    private static string[] Types(JsonObject rule) => rule["type"] switch
    {
        JsonArray several => [.. several.Select(t => t!.GetValue<string>())],
        { } one => [one.GetValue<string>()],
        null => [],
    };

    private static string Pointer(string[] path) => path.Length == 0 ? "" : "/" + string.Join('/', path);

    private static void Set(JsonObject values, string[] path, JsonNode value)
    {
        foreach (string name in path[..^1])
        {
            if (values[name] is not JsonObject inner)
                values[name] = inner = [];
            values = inner;
        }

        values[path[^1]] = value;
    }
}
