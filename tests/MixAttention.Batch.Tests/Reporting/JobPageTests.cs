using System.Text;
using System.Text.RegularExpressions;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Reporting;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Reporting;

public sealed class JobPageTests : IAsyncDisposable
{
    private readonly WorkerFixture _fixture = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Report_counts_what_the_results_hold()
    {
        await RunAsync();
        var manifest = await JobManifest.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop);
        var marker = await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop);
        var data = await new ReportReader(_fixture.Store, manifest!).ReadAsync(Stop);

        Assert.Equal((8, 6, 2, 0), (data.Requests, data.Succeeded, data.Failed, data.Unfinished));
        Assert.Equal((marker!.PromptTokens, marker.CompletionTokens), (data.PromptTokens, data.CompletionTokens));
        Assert.Equal((marker.PromptTokens, marker.CompletionTokens), (data.Calls.PromptTokens, data.Engine!.CompletionTokens));
        Assert.Equal(marker.PromptTokens, data.Engine.PromptTokens);
        Assert.Equal((6, 6), (data.Calls.Calls, data.Timeline.Kept.Count));
        Assert.Equal(["document_empty", "document_undecodable"], data.Errors.Select(e => e.Code));
        Assert.Equal("empty.txt", data.Errors[0].Examples.Single().CustomId);
        Assert.Equal(data.Longest.OrderByDescending(l => l.PromptTokens), data.Longest);
        Assert.Equal((2, 2 * HashingModel.Geometry.Elements(2000)), (Assert.Single(data.Workers).Shards, data.Workers[0].KvBudget));
        Assert.True(data.Engine.PeakKvBytes > 0 && data.PeakKvShare <= 1 && data.MeanKvShare <= data.PeakKvShare);
    }

    [Fact]
    public async Task Job_that_goes_on_has_a_report_of_what_there_is()
    {
        WriteDocuments(4);
        await _fixture.SubmitAsync();
        string page = await PageAsync();
        Assert.Contains("4 have not run yet", page, StringComparison.Ordinal);
        Assert.Contains("left no trace", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_that_finishes_a_job_writes_its_report()
    {
        await RunAsync();
        Assert.Equal(await PageAsync(), await _fixture.ReadAsync(_fixture.Artifacts.Report));
    }

    [Fact]
    public async Task Page_needs_nothing_else_and_runs_nothing()
    {
        await RunAsync();
        string page = await PageAsync();
        Assert.DoesNotMatch(new Regex("<script|<link|<img|src=|@import|url\\(|https?:", RegexOptions.IgnoreCase), page);
        Assert.InRange(page.Length, 10_000, 400_000);
        foreach (string title in new[] { "Where the time went", "KV memory", "Sequences running", "Prompt tokens per second", "Output tokens per second", "Longest documents", "Errors", "Workers" })
            Assert.Contains(title, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_of_documents_are_text_and_never_markup()
    {
        WriteDocuments(1);
        _fixture.Job.Folder.Write("docs/<script>alert(1)<&\"'.txt", "Some words.");
        _fixture.Job.Folder.Write("docs/<b>empty.txt", "");
        await _fixture.SubmitAsync();
        await _fixture.WorkAsync();
        string page = await PageAsync();
        Assert.Contains("&lt;script&gt;alert(1)&lt;&amp;&quot;&#39;.txt", page, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;empty.txt", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>empty", page, StringComparison.Ordinal);
    }

    private async Task RunAsync()
    {
        WriteDocuments(6);
        _fixture.Job.Folder.Write("docs/empty.txt", "");
        _fixture.Job.Folder.Write("docs/none.pdf", "%PDF-");
        await _fixture.SubmitAsync();
        await _fixture.WorkAsync();
    }

    private void WriteDocuments(int count)
    {
        for (int i = 0; i < count; i++)
            _fixture.Job.Folder.Write($"docs/doc-{i:00}.txt", string.Join(' ', Enumerable.Range(0, 10 + (i * 7)).Select(w => $"w{w % 7}")));
    }

    private async Task<string> PageAsync()
    {
        var manifest = await JobManifest.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop);
        return Encoding.UTF8.GetString(await JobPage.WriteAsync(_fixture.Store, manifest!, Stop));
    }
}
