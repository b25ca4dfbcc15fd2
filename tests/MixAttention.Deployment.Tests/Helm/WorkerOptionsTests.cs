using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MixAttention.Batch.Cli;
using MixAttention.Batch.Cli.Commands;

namespace MixAttention.Deployment.Tests.Helm;

/// <summary>Holds the chain from values over environment variables to the options of <c>mixbatch worker</c>.</summary>
public sealed partial class WorkerOptionsTests
{
    // Options that other values speak of, or none: what gives them.
    private static readonly Dictionary<string, string> Elsewhere = new()
    {
        ["--store"] = "storage",
        ["--queue"] = "queue",
        ["--model"] = "model",
        ["--device"] = "gpu.enabled",
        ["--health-port"] = "health.port",
        ["--config"] = "the values are the configuration",
        ["--emulator"] = "no cluster works on an emulator",
        ["--help"] = "for people",
    };

    // Options that a worker in a pod needs beside those that it has.
    private static readonly string[] ToCome = ["--queue", "--config", "--emulator", "--health-port", "--max-lifetime-seconds"];

    private static readonly JsonObject Defaults = RenderedChart.ParseOne(File.ReadAllText(Path.Combine(HelmProgram.Chart, "values.yaml")));

    [Fact]
    public void Each_option_has_a_value_and_each_value_an_option()
    {
        var options = Worker().Options.Select(o => o.Name).Union(ToCome).Except(Elsewhere.Keys).Order(StringComparer.Ordinal);

        var values = Defaults["worker"]!["options"]!.AsObject().Select(v => OptionOf(v.Key)).Order(StringComparer.Ordinal);

        Assert.Equal(options, values);
    }

    [Fact]
    public async Task Each_value_becomes_the_variable_of_its_option()
    {
        var helm = await HelmProgram.InstallAsync();
        var given = RenderedChart.ParseOne(await File.ReadAllTextAsync(Path.Combine(HelmProgram.Chart, "ci/full-values.yaml"), TestContext.Current.CancellationToken))["worker"]!["options"]!.AsObject();

        var environment = (await helm.RenderAsync("full-values.yaml")).Environment;

        Assert.Equal(Defaults["worker"]!["options"]!.AsObject().Select(v => v.Key), given.Select(v => v.Key));
        Assert.All(given, value => Assert.Equal(value.Value!.ToString(), environment[VariableOf(OptionOf(value.Key))]));
        Assert.Equal("2000000", environment["MIXBATCH_MAX_LIFETIME_SECONDS"]);
        Assert.Equal("true", environment["MIXBATCH_NO_TRIM"]);
    }

    [Fact]
    public async Task Value_that_is_null_leaves_the_default_to_the_program()
    {
        var helm = await HelmProgram.InstallAsync();

        var environment = (await helm.RenderAsync("deployment-values.yaml")).Environment;

        Assert.Equal(
            ["MIXBATCH_DEVICE", "MIXBATCH_DRAIN_SECONDS", "MIXBATCH_HEALTH_PORT", "MIXBATCH_MEMORY", "MIXBATCH_MODEL", "MIXBATCH_QUEUE", "MIXBATCH_STORE"],
            environment.Keys.Where(name => name.StartsWith("MIXBATCH_", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal("https://stexample.blob.core.windows.net/jobs", environment["MIXBATCH_STORE"]);
        Assert.Equal("sb://sb-example.servicebus.windows.net/jobs", environment["MIXBATCH_QUEUE"]);
        Assert.Equal("8080", environment["MIXBATCH_HEALTH_PORT"]);
    }

    [Fact]
    public async Task Drain_that_nobody_gives_is_that_of_the_program()
    {
        var helm = await HelmProgram.InstallAsync();
        var drain = Worker().Options.Single(o => o.Name == "--drain-seconds");

        var environment = (await helm.RenderAsync("deployment-values.yaml", "worker: { options: { drainSeconds: null } }")).Environment;

        Assert.Equal(Convert.ToString(drain.GetDefaultValue(), CultureInfo.InvariantCulture), environment["MIXBATCH_DRAIN_SECONDS"]);
    }

    private static System.CommandLine.Command Worker() => WorkerCommand.Create(new CliHost { Output = TextWriter.Null, Error = TextWriter.Null });

    private static string OptionOf(string value) => "--" + Capital().Replace(value, match => "-" + match.Value.ToLowerInvariant());

    private static string VariableOf(string option) => "MIXBATCH_" + option[2..].Replace('-', '_').ToUpperInvariant();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();
}
