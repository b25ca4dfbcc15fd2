using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class ResultsCommandTests : IDisposable
{
    private readonly JobCommands _jobs = new();

    public ResultsCommandTests() => _jobs.WriteDocuments(70);

    public void Dispose() => _jobs.Dispose();

    [Fact]
    public async Task Results_are_lines_in_input_order_and_texts()
    {
        _jobs.Cli.Folder.Write("docs/empty.txt", "");
        await _jobs.SubmitAsync();
        await _jobs.WorkAsync();
        Assert.Equal(ExitCodes.SomeFailed, await _jobs.RunAsync("results", "-o", _jobs.Cli.Folder["results"]));
        Assert.Contains("70 of 71 requests succeeded, 1 failed.", _jobs.Cli.Output, StringComparison.Ordinal);
        Assert.Contains("mixbatch: empty.txt is empty. Remove it or leave it out with --exclude. (document_empty)", _jobs.Cli.Error, StringComparison.Ordinal);
        Assert.Equal(70, File.ReadLines(_jobs.Cli.Folder["results/output.jsonl"]).Count());
        Assert.Single(File.ReadLines(_jobs.Cli.Folder["results/errors.jsonl"]));
        Assert.Equal(70, _jobs.Cli.Folder.Files("results/texts").Length);
    }

    [Fact]
    public async Task Job_that_goes_on_gives_what_has_finished_when_asked()
    {
        await _jobs.SubmitAsync();
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("results", "-o", _jobs.Cli.Folder["results"]));
        Assert.Contains("is not finished: 0 of 70 requests are. Wait, or take those with --partial.", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_jobs.Cli.Folder["results"]));
        Assert.Equal(ExitCodes.Fine, await _jobs.RunAsync("results", "-o", _jobs.Cli.Folder["results"], "--partial"));
        Assert.Contains("0 of 70 requests succeeded so far, 0 failed.", _jobs.Cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_that_is_in_use_is_replaced_only_when_asked()
    {
        await _jobs.SubmitAsync();
        await _jobs.WorkAsync();
        string first = await _jobs.ReadResultsAsync("results");
        _jobs.Cli.Folder.Write("results/mine.txt", "mine");
        Assert.Equal(ExitCodes.Usage, await _jobs.RunAsync("results", "-o", _jobs.Cli.Folder["results"]));
        Assert.Contains("is not empty", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
        Assert.Equal(first, await _jobs.ReadResultsAsync("results", "--overwrite"));
        Assert.True(File.Exists(_jobs.Cli.Folder["results/mine.txt"]));
    }
}
