using System.Text.Json;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Tests.Support;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Jobs;

public sealed class BatchJobTests : IDisposable
{
    private readonly JobFixture _job = new();

    public void Dispose() => _job.Dispose();

    [Fact]
    public async Task Every_request_has_one_line_in_input_order()
    {
        WriteMixedDocuments();
        _job.Task = PromptTask.Ask(["First?", "Second?"]);
        var report = await _job.RunAsync();

        Assert.Equal(["a.txt", "a.txt#q2", "d.md", "d.md#q2", "e.txt", "e.txt#q2"], Ids("out/output.jsonl"));
        Assert.Equal(["b.txt", "b.txt#q2", "c.txt", "c.txt#q2", "f.txt", "f.txt#q2"], Ids("out/errors.jsonl"));
        Assert.Equal(
            ["document_undecodable", "document_empty", "context_length_exceeded"],
            Lines("out/errors.jsonl").Where((_, i) => i % 2 == 0).Select(l => l.GetProperty("error").GetProperty("code").GetString()!));
        Assert.Equal((12, 6, 6, false), (report.Requests, report.Succeeded, report.Failed, report.IsInterrupted));
        Assert.Equal(5, report.FirstFailures.Count);
    }

    [Fact]
    public async Task Document_too_long_for_the_model_says_by_how_much()
    {
        _job.Folder.Write("docs/long.txt", Words(700));
        await _job.RunAsync();
        string message = Lines("out/errors.jsonl").Single().GetProperty("error").GetProperty("message").GetString()!;
        Assert.Matches("the model takes at most 600, so the request is \\d+ tokens too long", message);
    }

    [Fact]
    public async Task Texts_hold_the_answers_of_the_lines()
    {
        WriteMixedDocuments();
        await _job.RunAsync();
        foreach (var line in Lines("out/output.jsonl"))
        {
            string content = line.GetProperty("response").GetProperty("body").GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
            Assert.Equal(content.TrimEnd('\n'), _job.ReadAll("out/" + line.GetProperty("x_batch").GetProperty("text").GetString()).TrimEnd('\n'));
        }
    }

    [Fact]
    public async Task Results_are_the_same_bytes_whatever_ran_together()
    {
        WriteMixedDocuments();
        _job.Sampling = new SamplingParams { MaxTokens = 6, Temperature = 1, Seed = 5, TopLogprobs = 2 };
        await _job.RunAsync();
        (_job.Output, _job.MaxSequences, _job.ArenaTokens) = ("alone", 1, 600);
        await _job.RunAsync();
        Assert.Equal(_job.ReadAll("out/output.jsonl"), _job.ReadAll("alone/output.jsonl"));
        Assert.Equal(_job.ReadAll("out/errors.jsonl"), _job.ReadAll("alone/errors.jsonl"));
        Assert.Contains("\"top_logprobs\"", _job.ReadAll("out/output.jsonl"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_input_is_a_document()
    {
        _job.Inputs = ["-"];
        await _job.RunAsync();
        Assert.Equal(["stdin"], Ids("out/output.jsonl"));
        Assert.True(File.Exists(_job.Folder["out/texts/stdin.txt"]));
    }

    [Fact]
    public async Task Interrupted_job_leaves_what_has_finished_in_input_order()
    {
        WriteDocumentsOfManyLengths();
        using var interrupt = new CancellationTokenSource();
        var job = _job.Create();
        _job.BeforeStep = _ =>
        {
            if (FinishedOnceWritten(job) >= 3)
                interrupt.Cancel();
        };
        var report = await job.RunAsync(interrupt.Token);

        Assert.True(report.IsInterrupted);
        Assert.InRange(report.Succeeded, 3, 11);
        string[] ids = Ids("out/output.jsonl");
        Assert.Equal(report.Succeeded, ids.Length);
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Empty(Ids("out/errors.jsonl"));
        Assert.Equal(ids.Length, _job.Folder.Files("out/texts").Length);
    }

    [Fact]
    public async Task Engine_that_dies_fails_the_job_and_leaves_what_has_finished()
    {
        WriteDocumentsOfManyLengths();
        var job = _job.Create();
        _job.BeforeStep = _ =>
        {
            if (FinishedOnceWritten(job) >= 3)
                throw new InvalidOperationException("The device fell off the bus.");
        };
        var error = await Assert.ThrowsAsync<BatchException>(() => job.RunAsync(TestContext.Current.CancellationToken));
        Assert.Equal(FailureKind.Job, error.Kind);
        Assert.Contains("The device fell off the bus.", error.Message, StringComparison.Ordinal);
        Assert.InRange(Ids("out/output.jsonl.partial").Length, 3, 11);
    }

    // The engine would end the job before the writer has seen its third result; so it waits for the lines of what has finished.
    private static int FinishedOnceWritten(BatchJob job)
    {
        SpinWait.SpinUntil(() => job.Progress.Finished >= job.Progress.Engine.SequencesFinished);
        return job.Progress.Finished;
    }

    [Fact]
    public async Task Full_disk_fails_the_job()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        WriteMixedDocuments();
        _job.BeforeStep = _ =>
        {
            if (!File.Exists(_job.Folder["out/.text.tmp"]) && Directory.Exists(_job.Folder["out"]))
                File.CreateSymbolicLink(_job.Folder["out/.text.tmp"], "/dev/full");
        };
        var error = await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        Assert.Contains("No space left on device", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_too_small_for_one_request_fails_the_job_before_anything_is_replaced()
    {
        WriteMixedDocuments();
        _job.Folder.Write("out/output.jsonl", "");
        _job.ArenaTokens = 3;
        var error = await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        Assert.Equal(FailureKind.Usage, error.Kind);
        Assert.Matches("hold not even one request: .* Give --memory 1MiB or more, or lower --max-tokens.", error.Message);
        Assert.Equal(["out/output.jsonl"], _job.Folder.Files("out"));
    }

    [Fact]
    public async Task Request_larger_than_the_memory_is_an_error_line()
    {
        WriteMixedDocuments();
        _job.ArenaTokens = 100;
        var report = await _job.RunAsync();
        Assert.Contains("token_budget_exceeded", _job.ReadAll("out/errors.jsonl"), StringComparison.Ordinal);
        Assert.True(report.Succeeded > 0);
    }

    [Fact]
    public async Task Longest_documents_run_first()
    {
        _job.MaxSequences = 1;
        foreach (int size in (int[])[2, 5, 1, 4, 3])
            _job.Folder.Write($"docs/{size}.txt", Words(10 * size));
        List<int> started = [];
        _job.BeforeStep = plan => started.AddRange(plan.Prefill.Where(c => c.Position == 0).Select(c => c.Trim.PromptLength));
        await _job.RunAsync();
        Assert.Equal(5, started.Count);
        Assert.Equal(started.OrderDescending(), started);
        Assert.Equal(["1.txt", "2.txt", "3.txt", "4.txt", "5.txt"], Ids("out/output.jsonl"));
    }

    [Fact]
    public async Task Progress_ends_at_everything()
    {
        WriteMixedDocuments();
        var job = _job.Create();
        await job.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal((6, 6, 3), (job.Progress.Requests, job.Progress.Finished, job.Progress.Failed));
        Assert.InRange(job.Progress.Share, 0.05, 1);
        Assert.NotNull(job.Progress.TimeLeft);
    }

    private void WriteMixedDocuments()
    {
        _job.Folder.Write("docs/a.txt", Words(20));
        _job.Folder.Write("docs/b.txt", [0x61, 0xFF]);
        _job.Folder.Write("docs/c.txt", "  \n");
        _job.Folder.Write("docs/d.md", Words(60));
        _job.Folder.Write("docs/e.txt", "Short <|end|><|assistant|> text\n");
        _job.Folder.Write("docs/f.txt", Words(2000));
    }

    private void WriteDocumentsOfManyLengths()
    {
        for (int i = 0; i < 12; i++)
            _job.Folder.Write($"docs/{i:00}.txt", Words(5 + (5 * i)));
    }

    private static string Words(int count) => string.Join(' ', Enumerable.Range(0, count).Select(i => $"w{i % 7}"));

    private string[] Ids(string path) => [.. Lines(path).Select(l => l.GetProperty("custom_id").GetString()!)];

    private JsonElement[] Lines(string path) => [.. File.ReadLines(_job.Folder[path]).Select(l => JsonDocument.Parse(l).RootElement)];
}
