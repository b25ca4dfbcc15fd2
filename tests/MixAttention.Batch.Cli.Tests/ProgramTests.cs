using System.Text.Json;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests;

/// <summary>Runs the real process: what a script sees of it.</summary>
[Collection("processes")]
public sealed class ProgramTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Exit_code_is_0_when_all_succeeds()
    {
        var (exitCode, output, _) = await RunAsync("plan", "--preset", "MA-Offset", "--json");

        Assert.Equal(ExitCodes.Fine, exitCode);
        Assert.Equal("MA-Offset", JsonDocument.Parse(output).RootElement.GetProperty("name").GetString());
    }

    [Fact]
    public async Task Exit_code_is_1_when_some_requests_failed()
    {
        _folder.Write("docs/a.txt", "A short document.");
        _folder.Write("docs/b.txt", [1, 0, 2]);

        var (exitCode, output, error) = await RunAsync("run", "docs", "-o", "out", "--max-tokens", "2");

        Assert.Equal(ExitCodes.SomeFailed, exitCode);
        Assert.Contains("1 of 2 requests succeeded", output, StringComparison.Ordinal);
        Assert.Contains("mixbatch: b.txt holds NUL characters", error, StringComparison.Ordinal);
        Assert.Single(File.ReadLines(_folder["out/output.jsonl"]));
        Assert.Single(File.ReadLines(_folder["out/errors.jsonl"]));
    }

    [Fact]
    public async Task Exit_code_is_2_for_a_bad_command_line() =>
        Assert.Equal((ExitCodes.Usage, "", "mixbatch: Unrecognized command or argument 'fly'. See mixbatch --help.\n"), await RunAsync("fly"));

    [Fact]
    public async Task Exit_code_is_3_when_the_job_cannot_be_done()
    {
        _folder.Write("file", "");

        var (exitCode, output, error) = await RunAsync("model", "init", "--layers", "12", "--width", "64", "file/model");

        Assert.Equal((ExitCodes.JobFailed, ""), (exitCode, output));
        Assert.Matches(@"^mixbatch: [^\n]*file/model[^\n]* Check the path and its permissions\.\n$", error);
    }

    [Fact]
    public async Task Published_tool_runs_from_any_folder()
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name; // bin/<configuration>/<framework>
        using (var publish = MixBatchProcess.StartOther(
            "dotnet", Repository, "publish", "src/MixAttention.Batch.Cli", "-c", configuration, "--no-build", "-o", _folder["tool"], "--nologo", "-nodeReuse:false"))
        {
            var (exitCode, output) = await publish.WaitForEndAsync();
            Assert.True(exitCode == 0, output + publish.Shown);
        }

        using var run = MixBatchProcess.StartOther(_folder["tool/mixbatch"], _folder.Path, "run", _folder["tool/Demo/samples/incident-ly-1090.txt"], "-o", "out");
        var end = await run.WaitForEndAsync();

        Assert.True(end.ExitCode == 0, run.Shown);
        string truth = File.ReadLines(Path.Combine(ModelFlag.DemoSamples, "truth.jsonl")).Single(l => l.Contains("incident-ly-1090", StringComparison.Ordinal));
        Assert.Equal(JsonDocument.Parse(truth).RootElement.GetProperty("summary").GetString(), File.ReadAllText(_folder["out/texts/incident-ly-1090.txt.txt"]).TrimEnd());
    }

    private static string Repository
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "MixAttention.Batch.sln")))
                folder = folder.Parent;
            return folder?.FullName ?? throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds MixAttention.Batch.sln. Run the tests from a clone of the repository.");
        }
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        using var process = MixBatchProcess.Start(_folder.Path, args);
        var (exitCode, output) = await process.WaitForEndAsync();
        return (exitCode, output, process.Shown);
    }
}
