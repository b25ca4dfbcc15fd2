using System.Text.RegularExpressions;

namespace MixAttention.Deployment.Tests.Helm;

/// <summary>Lints, renders and packs the chart, and judges what it becomes.</summary>
public sealed partial class ChartTests
{
    public static TheoryData<string> Examples => HelmProgram.Examples;

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Example_passes_the_linter(string example)
    {
        var helm = await HelmProgram.InstallAsync();

        var run = await helm.LintAsync(example);

        Assert.True(run.ExitCode == 0, run.Text);
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Objects_fit_the_schemas_of_Kubernetes_and_KEDA(string example)
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync(example);

        Assert.Empty(await helm.JudgeAsync(chart.Objects));
        Assert.Equal(chart.Objects.Count, chart.Objects.Select(o => $"{o["kind"]} {o["metadata"]!["name"]}").Distinct().Count());
    }

    [Theory]
    [InlineData("kind: Deployment", "kind: Deploymint", "has no kind Deploymint")]
    [InlineData("livenessProbe:", "livenesProbe:", "livenesProbe is unknown")]
    [InlineData("maxReplicaCount: 4", "maxReplicaCount: four", "must be integer")]
    [InlineData("messageCount: \"4\"", "messageCount: 4", "must be string")]
    [InlineData("scaleTargetRef:", "scaleTarget:", "scaleTarget")]
    [InlineData("unhealthyPodEvictionPolicy:", "unhealthyPods:", "unhealthyPods is unknown")]
    [InlineData("podMetricsEndpoints:", "podMetricsEndpoint:", "podMetricsEndpoint is unknown")]
    [InlineData("maxSurge: 0", "surge: 0", "surge is unknown")]
    public async Task Mistake_does_not_fit_the_schemas(string from, string to, string error)
    {
        var helm = await HelmProgram.InstallAsync();
        string text = (await helm.RenderAsync("deployment-values.yaml")).Text;
        Assert.Contains(from, text, StringComparison.Ordinal);

        var problems = await helm.JudgeAsync(RenderedChart.Parse(text.Replace(from, to, StringComparison.Ordinal)).Objects);

        Assert.Contains(problems, problem => problem.Contains(error, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Nothing_that_is_rendered_is_a_secret(string example)
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync(example);

        Assert.DoesNotMatch(SecretPattern(), chart.Text);
        Assert.DoesNotContain("Secret", chart.Kinds);
        Assert.DoesNotContain("secretKeyRef", chart.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9v")]
    [InlineData("Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=Zm9v")]
    [InlineData("https://a.blob.core.windows.net/c?sv=2024-11-04&sig=Zm9v%3D")]
    [InlineData("Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.Zm9v")]
    [InlineData("-----BEGIN PRIVATE KEY-----")]
    [InlineData("clientSecret: abc")]
    public void Secret_is_recognised(string text) => Assert.Matches(SecretPattern(), text);

    [Fact]
    public async Task Chart_is_packed_without_what_only_tests_need()
    {
        var helm = await HelmProgram.InstallAsync();
        using var folder = new TemporaryFolder();

        var run = await helm.PackageAsync(folder.Path);

        Assert.True(run.ExitCode == 0, run.Text);
        Assert.Single(folder.Files(), "mixattention-batch-0.1.0.tgz");
    }

    [Fact]
    public async Task Notes_tell_the_next_commands_and_warn_of_a_missing_identity()
    {
        var helm = await HelmProgram.InstallAsync();

        string fine = (await helm.NotesAsync("scaledjob-values.yaml")).Output;
        string warned = (await helm.NotesAsync("scaledjob-values.yaml", "--set", "identity.clientId=")).Output;

        Assert.Contains("mixbatch submit", fine, StringComparison.Ordinal);
        Assert.Contains("mixbatch status", fine, StringComparison.Ordinal);
        Assert.Contains("dead letters", fine, StringComparison.Ordinal);
        Assert.DoesNotContain("WARNING", fine, StringComparison.Ordinal);
        Assert.Contains("WARNING: identity.clientId is empty", warned, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"(?i)AccountKey\s*=|SharedAccessKey\s*=|[?&]sig=|\beyJ[A-Za-z0-9_-]{10,}\.|BEGIN [A-Z ]*PRIVATE KEY|client_?secret|password\s*[:=]")]
    private static partial Regex SecretPattern();
}
