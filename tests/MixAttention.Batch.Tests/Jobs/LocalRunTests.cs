using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Output;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Tests.Support;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Jobs;

public sealed class LocalRunTests : IDisposable
{
    // No summary, for which no document is too long.
    private readonly JobFixture _job = new() { Task = PromptTask.FromPrompt(PromptTask.Summarize.Instructions[0]) };

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
    public async Task Interrupted_run_collects_what_has_finished_and_the_next_one_does_the_rest()
    {
        WriteDocumentsOfManyLengths();
        _job.Output = "calm";
        await _job.RunAsync();
        (_job.Output, _job.DrainTime) = ("out", TimeSpan.Zero);
        using var interrupt = new CancellationTokenSource();
        using var isOver = new ManualResetEventSlim();
        _job.Log = _ => isOver.Set();
        await using var run = _job.Create();
        _job.BeforeStep = _ =>
        {
            if (CountLines(run) < 3)
                return;
            interrupt.Cancel();
            Assert.True(isOver.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        };
        var report = await run.RunAsync(interrupt.Token);

        Assert.True(report.IsInterrupted);
        Assert.InRange(report.Succeeded, 3, 11);
        string[] ids = Ids("out/output.jsonl");
        Assert.Equal(report.Succeeded, ids.Length);
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Empty(Ids("out/errors.jsonl"));
        Assert.Equal(ids.Length, _job.Folder.Files("out/texts").Length);

        _job.BeforeStep = null;
        var rest = await _job.RunAsync();
        Assert.Equal((12, 12, false), (rest.Requests, rest.Succeeded, rest.IsInterrupted));
        Assert.Equal(12 - ids.Length, (int)rest.Engine.SequencesFinished);
        Assert.Equal(_job.ReadAll("calm/output.jsonl"), _job.ReadAll("out/output.jsonl"));
    }

    [Fact]
    public async Task Requests_that_run_may_finish_when_there_is_time_to_drain()
    {
        WriteDocumentsOfManyLengths();
        using var interrupt = new CancellationTokenSource();
        _job.BeforeStep = _ => interrupt.Cancel();
        await using var run = _job.Create();
        var report = await run.RunAsync(interrupt.Token);
        Assert.True(report.Succeeded > 0);
        Assert.Equal(report.Succeeded, (int)report.Engine.SequencesFinished);
    }

    [Fact]
    public async Task Engine_that_dies_fails_the_run_and_the_next_one_goes_on()
    {
        WriteDocumentsOfManyLengths();
        await using var run = _job.Create();
        _job.BeforeStep = _ =>
        {
            if (CountLines(run) >= 3)
                throw new InvalidOperationException("The device fell off the bus.");
        };
        var error = await Assert.ThrowsAsync<BatchException>(() => run.RunAsync(TestContext.Current.CancellationToken));
        Assert.Equal(FailureKind.Job, error.Kind);
        Assert.Contains("The device fell off the bus. What has finished is kept: run again to go on from there.", error.Message, StringComparison.Ordinal);

        _job.BeforeStep = null;
        var rest = await _job.RunAsync();
        Assert.Equal(12, rest.Succeeded);
        Assert.InRange(rest.Engine.SequencesFinished, 1, 9);
    }

    [Fact]
    public async Task Run_that_is_complete_is_only_collected()
    {
        WriteMixedDocuments();
        await _job.RunAsync();
        string before = _job.ReadAll("out/output.jsonl");
        _job.Folder.Delete("out/output.jsonl");
        _job.Folder.Delete("out/texts/a.txt.txt");
        _job.BeforeStep = _ => throw new InvalidOperationException("Nothing is left to run.");
        var report = await _job.RunAsync();
        Assert.Equal((6, 3, 3), (report.Requests, report.Succeeded, report.Failed));
        Assert.Equal(before, _job.ReadAll("out/output.jsonl"));
        Assert.True(File.Exists(_job.Folder["out/texts/a.txt.txt"]));
    }

    [Fact]
    public async Task Documents_that_have_come_are_added_after_the_others()
    {
        WriteMixedDocuments();
        await _job.RunAsync();
        _job.Folder.Write("docs/0.txt", Words(30));
        var report = await _job.RunAsync();
        Assert.Equal(7, report.Requests);
        Assert.Equal(1, report.Engine.SequencesFinished);
        Assert.Equal(["a.txt", "d.md", "e.txt", "0.txt"], Ids("out/output.jsonl"));
        Assert.Equal(6, Lines("out/output.jsonl")[3].GetProperty("x_batch").GetProperty("row").GetInt32());
    }

    [Fact]
    public async Task Changed_and_removed_documents_are_refused_by_name_fault_18()
    {
        WriteMixedDocuments();
        await _job.RunAsync();
        string before = _job.ReadAll("out/output.jsonl");
        _job.Folder.Write("docs/d.md", Words(61));
        _job.Folder.Delete("docs/e.txt");
        var error = await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        Assert.Equal(FailureKind.Usage, error.Kind);
        Assert.Contains("changed is d.md; gone is e.txt. Bring them back, or start over with --overwrite", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, _job.ReadAll("out/output.jsonl"));
    }

    [Fact]
    public async Task Failed_documents_may_go_and_run_again_when_they_are_corrected()
    {
        WriteMixedDocuments();
        await _job.RunAsync();
        string before = _job.ReadAll("out/output.jsonl");
        _job.Folder.Delete("docs/b.txt");
        _job.Folder.Write("docs/c.txt", Words(8));
        _job.Folder.Write("docs/0.txt", Words(9)); // Comes besides.

        var report = await _job.RunAsync();

        Assert.Equal((7, 5, 2, 2), (report.Requests, report.Succeeded, report.Failed, (int)report.Engine.SequencesFinished));
        Assert.Equal(["a.txt", "c.txt", "d.md", "e.txt", "0.txt"], Ids("out/output.jsonl"));
        Assert.Equal(["b.txt", "f.txt"], Ids("out/errors.jsonl"));
        Assert.Equal(before.Split('\n')[0], _job.ReadAll("out/output.jsonl").Split('\n')[0]);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Words(8)))), Lines("out/output.jsonl")[1].GetProperty("x_batch").GetProperty("doc_sha256").GetString());

        // Now it is like any other.
        Assert.Equal(0, (await _job.RunAsync()).Engine.SequencesFinished);
        _job.Folder.Write("docs/c.txt", Words(7));
        Assert.Contains("changed is c.txt.", (await Assert.ThrowsAsync<BatchException>(_job.RunAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failed_document_that_is_corrected_in_vain_may_be_corrected_again()
    {
        WriteMixedDocuments();
        await _job.RunAsync();
        _job.Folder.Write("docs/c.txt", [1, 0, 2]);
        var report = await _job.RunAsync();
        Assert.Equal(["document_undecodable", "document_undecodable"], report.FirstFailures.Take(2).Select(f => f.Error.Code));

        _job.Folder.Write("docs/c.txt", Words(8));
        Assert.Equal((4, 2), (await _job.RunAsync()) is var again ? (again.Succeeded, again.Failed) : default);
    }

    [Fact]
    public async Task Document_of_which_one_question_was_answered_may_not_change()
    {
        _job.Folder.Write("docs/a.txt", Words(20));
        _job.Task = PromptTask.Ask(["Short?", Words(2000)]); // The second is longer than the model takes.
        var report = await _job.RunAsync();
        Assert.Equal((1, 1), (report.Succeeded, report.Failed));
        _job.Folder.Write("docs/a.txt", Words(3));
        Assert.Contains("changed is a.txt.", (await Assert.ThrowsAsync<BatchException>(_job.RunAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Document_that_was_only_touched_is_the_same()
    {
        WriteMixedDocuments();
        await _job.RunAsync();
        File.SetLastWriteTimeUtc(_job.Folder["docs/a.txt"], DateTime.UnixEpoch);
        Assert.Equal(3, (await _job.RunAsync()).Succeeded);
        File.WriteAllText(_job.Folder["docs/a.txt"], Words(20).Replace("w6", "w7", StringComparison.Ordinal));
        await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
    }

    [Fact]
    public async Task Another_question_is_refused_with_what_differs()
    {
        WriteMixedDocuments();
        await _job.RunAsync();
        _job.Sampling = new SamplingParams { MaxTokens = 7 };
        var error = await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        Assert.Contains("--max-tokens was 6 and is 7", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overwriting_starts_over()
    {
        WriteMixedDocuments();
        await _job.RunAsync();
        (_job.Sampling, _job.Overwrites) = (new SamplingParams { MaxTokens = 7 }, true);
        Assert.Equal(4, (await _job.RunAsync()).Engine.SequencesFinished); // One of them is refused as too long.
    }

    [Fact]
    public async Task Standard_input_is_kept_for_the_next_run_and_compared_with_it()
    {
        _job.Inputs = ["-"];
        _job.BeforeStep = _ => throw new InvalidOperationException("The device fell off the bus.");
        await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        _job.BeforeStep = null;
        Assert.Equal(1, (await _job.RunAsync()).Succeeded);
        _job.StandardInput = "Something else.";
        await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
    }

    [Fact]
    public async Task Folder_into_which_a_run_is_writing_is_refused()
    {
        WriteMixedDocuments();
        using (StateFolder.Open(_job.Folder["out"]))
        {
            var error = await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
            Assert.Equal($"Another run is writing into {_job.Folder["out"]}. Wait for its end or choose another output folder.", error.Message);
        }

        Assert.Equal(3, (await _job.RunAsync()).Succeeded);
    }

    [Fact]
    public async Task Document_that_changes_while_the_job_runs_is_an_error_line()
    {
        _job.MaxSequences = 1;
        WriteDocumentsOfManyLengths();
        for (int i = 12; i < 80; i++)
            _job.Folder.Write($"docs/{i:00}.txt", Words(2));
        _job.BeforeStep = _ => _job.Folder.Write("docs/79.txt", "Changed meanwhile.");
        var report = await _job.RunAsync();
        Assert.Equal("input_changed", report.FirstFailures.Single().Error.Code);
        Assert.Equal("79.txt", report.FirstFailures.Single().CustomId);
    }

    [Fact]
    public async Task Output_that_cannot_be_written_fails_the_run_with_the_cure()
    {
        WriteMixedDocuments();
        _job.BeforeStep = _ => Directory.CreateDirectory(_job.Folder["out/.text.tmp"]);
        var error = await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        Assert.Contains("Free some space or choose another output folder; what has finished is kept", error.Message, StringComparison.Ordinal);
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
    public async Task Longest_documents_of_a_shard_run_first()
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
        await using var job = _job.Create();
        await job.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal((6, 6, 3), (job.Progress.Requests, job.Progress.Finished, job.Progress.Failed));
        Assert.InRange(job.Progress.Share, 0.05, 1);
        Assert.NotNull(job.Progress.TimeLeft);
    }

    /// <summary>Counts the requests with a line, once there is one for each that the engine has finished: lines are made on other threads than the engine's.</summary>
    private static int CountLines(LocalRun run)
    {
        Assert.True(SpinWait.SpinUntil(() => run.Progress.Finished == run.Progress.Engine.SequencesFinished, TimeSpan.FromSeconds(30)));
        return run.Progress.Finished;
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
