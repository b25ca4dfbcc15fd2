using System.Text.Json;
using MixAttention.Architecture.Tests;

namespace MixAttention.Deployment.Tests.Container;

/// <summary>Runs what the image would hold in a root file system like the image's.</summary>
public sealed class PublishedFolderTests(PublishedImage image) : IClassFixture<PublishedImage>
{
    [Fact]
    public async Task Doctor_finds_all_well_in_an_empty_read_only_root()
    {
        await image.MakeAsync();
        using var root = await ImageRoot.MakeAsync(image.App);

        var run = await root.RunAsync("doctor");

        Assert.True(run.ExitCode == 0, run.Text);
        Assert.DoesNotContain("FAILED", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"ok +libtorch", run.Output);
        Assert.Matches(@"ok +answers", run.Output);
    }

    [Fact]
    public async Task Demo_runs_in_an_empty_read_only_root()
    {
        await image.MakeAsync();
        using var root = await ImageRoot.MakeAsync(image.App);

        var run = await root.RunAsync("run", "--demo", "-o", "/tmp/out");

        Assert.True(run.ExitCode == 0, run.Text);
        string results = Path.Combine(root.Tmp, "out");
        int samples = Repository.Files.Count(f => f.StartsWith("src/MixAttention.Batch.Cli/Demo/samples/", StringComparison.Ordinal) && !f.EndsWith("truth.jsonl", StringComparison.Ordinal));
        Assert.Equal(samples, (await File.ReadAllLinesAsync(Path.Combine(results, "output.jsonl"), TestContext.Current.CancellationToken)).Length);
        // No font is needed: the page's labels are text, which the reader's browser draws.
        Assert.Contains("<text", await File.ReadAllTextAsync(Path.Combine(results, "report.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal([results], Directory.GetFileSystemEntries(root.Tmp));
    }

    [Fact]
    public async Task Place_that_cannot_be_written_is_named()
    {
        await image.MakeAsync();
        using var root = await ImageRoot.MakeAsync(image.App);

        var run = await root.RunAsync("run", "--demo", "-o", "/out");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("/out", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Text, StringComparison.Ordinal); // no stack trace
    }

    [Fact]
    public async Task Root_without_the_cpp_library_runs_nothing()
    {
        await image.MakeAsync();
        using var root = await ImageRoot.MakeAsync(image.App, without: "libstdc++.so.6");

        var run = await root.RunAsync("doctor");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("libstdc++.so.6", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_holds_libraries_for_linux_alone()
    {
        await image.MakeAsync();

        var others = Directory.GetFiles(image.App, "*", SearchOption.AllDirectories).Where(f => Path.GetExtension(f) is ".dylib" || (f.Contains("/runtimes/", StringComparison.Ordinal) && !f.Contains("/runtimes/linux-x64/", StringComparison.Ordinal)));

        Assert.Empty(others);
        long bytes = Directory.GetFiles(image.App, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
        Assert.InRange(bytes, 400L << 20, 540L << 20);
    }

    [Fact]
    public async Task Sbom_names_each_package_that_the_application_loads()
    {
        await image.MakeAsync();
        var stop = TestContext.Current.CancellationToken;
        using var sbom = JsonDocument.Parse(await File.ReadAllTextAsync(image.Sbom, stop));
        using var loaded = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(image.App, "mixbatch.deps.json"), stop));

        var named = sbom.RootElement.GetProperty("components").EnumerateArray().Select(c => $"{c.GetProperty("name")}/{c.GetProperty("version")}").ToHashSet(StringComparer.OrdinalIgnoreCase);

        Assert.All(loaded.RootElement.GetProperty("libraries").EnumerateObject().Where(l => l.Value.GetProperty("type").GetString() == "package"), package => Assert.Contains(package.Name, named));
    }
}
