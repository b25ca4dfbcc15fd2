using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Helm;

/// <summary>Checks the alerts with Prometheus's own tool, and that alerts and dashboard ask for metrics that exist.</summary>
public sealed partial class MonitoringTests
{
    private static readonly string RulesFile = Path.Combine(HelmProgram.Chart, "files/rules.yaml");
    private static readonly string DashboardFile = Path.Combine(HelmProgram.Chart, "files/dashboard.json");

    [Fact]
    public async Task Alerts_are_rules_of_Prometheus()
    {
        var fine = await PromtoolAsync("check", "rules", "--lint=all", "--lint-fatal", RulesFile);
        Assert.True(fine.ExitCode == 0, fine.Text);

        using var folder = new TemporaryFolder();
        string broken = folder.Write("rules.yaml", (await File.ReadAllTextAsync(RulesFile, TestContext.Current.CancellationToken)).Replace("sum by (namespace, pod) (", "sum by (namespace, pod ", StringComparison.Ordinal));
        Assert.NotEqual(0, (await PromtoolAsync("check", "rules", broken)).ExitCode);
    }

    [Fact]
    public async Task Alerts_fire_when_they_should_and_only_then()
    {
        var run = await PromtoolAsync("test", "rules", RepositoryFiles.At("tests/MixAttention.Deployment.Tests/Helm/alerts.test.yaml"));

        Assert.True(run.ExitCode == 0, run.Text);
    }

    [Fact]
    public async Task Each_alert_is_fired_by_a_test()
    {
        string tests = await File.ReadAllTextAsync(RepositoryFiles.At("tests/MixAttention.Deployment.Tests/Helm/alerts.test.yaml"), TestContext.Current.CancellationToken);
        var alerts = Alert().Matches(await File.ReadAllTextAsync(RulesFile, TestContext.Current.CancellationToken)).Select(m => m.Groups[1].Value).ToList();

        Assert.True(alerts.Count >= 7);
        Assert.All(alerts, alert => Assert.Contains($"alertname: {alert}\n        exp_alerts:\n", tests, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rules_reach_the_cluster_as_they_are_tested()
    {
        var helm = await HelmProgram.InstallAsync();

        var chart = await helm.RenderAsync("full-values.yaml");

        var tested = RenderedChart.ParseOne(await File.ReadAllTextAsync(RulesFile, TestContext.Current.CancellationToken));
        Assert.Equal(tested["groups"]!.ToJsonString(), chart["PrometheusRule"]["spec"]!["groups"]!.ToJsonString());
        Assert.Equal(
            JsonNode.Parse(await File.ReadAllTextAsync(DashboardFile, TestContext.Current.CancellationToken))!.ToJsonString(),
            JsonNode.Parse(chart.Objects.Single(o => o["metadata"]!["name"]!.GetValue<string>() == "batch-dashboard")["data"]!["mixbatch.json"]!.GetValue<string>())!.ToJsonString());
    }

    [Fact]
    public async Task Alerts_and_dashboard_ask_for_known_metrics()
    {
        string both = await File.ReadAllTextAsync(RulesFile, TestContext.Current.CancellationToken) + await File.ReadAllTextAsync(DashboardFile, TestContext.Current.CancellationToken);

        var asked = Metric().Matches(both).Select(m => Suffix().Replace(m.Value, "")).Distinct().Order(StringComparer.Ordinal);

        Assert.Equal(MetricNames.All.Order(StringComparer.Ordinal), asked);
    }

    [Fact]
    public async Task Panels_have_queries_a_unit_and_a_place_of_their_own()
    {
        var panels = JsonNode.Parse(await File.ReadAllTextAsync(DashboardFile, TestContext.Current.CancellationToken))!["panels"]!.AsArray();

        Assert.All(panels, panel => Assert.NotEmpty(panel!["targets"]!.AsArray()));
        Assert.All(panels, panel => Assert.NotNull(panel!["fieldConfig"]!["defaults"]!["unit"]));
        Assert.Equal(panels.Count, panels.Select(p => p!["gridPos"]!.ToJsonString()).Distinct().Count());
        Assert.Equal(panels.Count, panels.Select(p => p!["id"]!.GetValue<int>()).Distinct().Count());
    }

    private static async Task<ProgramRun> PromtoolAsync(params string[] arguments)
    {
        var run = await ProgramRun.TryAsync(Path.GetTempPath(), new Dictionary<string, string?>(), "promtool", arguments);
        Assert.SkipWhen(run is null, "promtool is not installed (Debian's package prometheus has it).");
        return run;
    }

    [GeneratedRegex(@"alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"\bmixbatch_\w+")]
    private static partial Regex Metric();

    [GeneratedRegex("_bucket$")]
    private static partial Regex Suffix();
}
