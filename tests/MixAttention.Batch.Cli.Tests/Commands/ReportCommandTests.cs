using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class ReportCommandTests : IDisposable
{
    private readonly JobCommands _jobs = new();

    public ReportCommandTests() => _jobs.WriteDocuments(5);

    private CommandLine Cli => _jobs.Cli;

    private string Out => Cli.Folder["out"];

    public void Dispose() => _jobs.Dispose();

    [Fact]
    public async Task Run_leaves_a_report_that_can_be_written_again()
    {
        await RunAsync();
        Assert.Contains($"open {Path.Combine(Out, "report.html")} to see where the time went", Cli.Output, StringComparison.Ordinal);
        string report = File.ReadAllText(Path.Combine(Out, "report.html"));
        Assert.Contains("All 5 requests succeeded.", report, StringComparison.Ordinal);

        File.Delete(Path.Combine(Out, "report.html"));
        Assert.Equal(ExitCodes.Fine, await Cli.RunScriptedAsync("report", Out));
        Assert.Equal($"The report is {Path.Combine(Out, "report.html")}.", Cli.Output.Trim());
        Assert.Equal(report, File.ReadAllText(Path.Combine(Out, "report.html")));
    }

    [Fact]
    public async Task Steps_are_in_the_report_on_request()
    {
        await RunAsync();
        Assert.DoesNotContain("<h2>Steps", File.ReadAllText(Path.Combine(Out, "report.html")), StringComparison.Ordinal);
        await RunAsync("--trace-steps", "--overwrite");
        Assert.Contains("<h2>Steps", File.ReadAllText(Path.Combine(Out, "report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_of_a_store_is_reported_finished_or_not()
    {
        string job = await _jobs.SubmitAsync();
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("report", job, "-o", Cli.Folder["pages/before.html"]));
        Assert.Contains("5 have not run yet", File.ReadAllText(Cli.Folder["pages/before.html"]), StringComparison.Ordinal);
        await _jobs.WorkAsync();
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("report", "-o", Cli.Folder["pages/after.html"]));
        Assert.Contains("All 5 requests succeeded.", File.ReadAllText(Cli.Folder["pages/after.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_job_is_refused_with_what_to_name()
    {
        Assert.Equal(ExitCodes.Usage, await Cli.RunScriptedAsync("report", _jobs.Docs));
        Assert.Contains("is not the output folder of a run: it holds no .mixbatch. Name the OUT of mixbatch run, or a job with --store.", Cli.ErrorLine, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, await Cli.RunScriptedAsync("report", "job_1"));
        Assert.Contains("There is no --store.", Cli.ErrorLine, StringComparison.Ordinal);
        await _jobs.SubmitAsync();
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("report", "job_2"));
        Assert.Contains("There is no job job_2", Cli.ErrorLine, StringComparison.Ordinal);
    }

    private async Task RunAsync(params string[] args) =>
        Assert.Equal(ExitCodes.Fine, await Cli.RunScriptedAsync(["run", _jobs.Docs, "-o", Out, "--model", ModelFlag.DemoModel, "--memory", "4MiB", "--max-tokens", "5", .. args]));
}
