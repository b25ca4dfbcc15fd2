using System.IO.Compression;
using System.Text;
using System.Text.Json;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class EvalCommandTests : IDisposable
{
    private readonly CommandLine _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Right_and_wrong_answers_of_the_model_are_told_apart()
    {
        string line = File.ReadLines(Path.Combine(ModelFlag.DemoSamples, "truth.jsonl")).Single(l => l.Contains("incident-ly-1090", StringComparison.Ordinal));
        _cli.Folder.Write("truth.jsonl", line.Replace("728 minutes.\"", "727 minutes.\"", StringComparison.Ordinal));

        Assert.Equal(ExitCodes.Fine, await _cli.RunAsync("eval", "--truth", _cli.Folder["truth.jsonl"], "--documents", ModelFlag.DemoSamples, "--no-prefix-sharing"));

        Assert.Matches(@"summaries\s+1\s+0\s+1\s+100.00 %", _cli.Output);
        Assert.Matches(@"answers\s+11\s+1\s+12\s+91.67 %", _cli.Output);
        Assert.Contains("wrong: incident-ly-1090.txt: How long did the outage last?\n  expected 727 minutes.\n  found    728 minutes.\n", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("1 document, 13 requests in ", _cli.Output, StringComparison.Ordinal);
        Assert.Matches(@"Peak KV ([\d,]+) bytes \([^)]*\); the formula gives \1 for", _cli.Output);
        Assert.Contains("KV memory: ", _cli.Error, StringComparison.Ordinal);
    }

    // What a case's prompts have in common, the document, is computed for the first of them alone.
    [Fact]
    public async Task A_documents_questions_share_its_text()
    {
        string truth = WriteTruth(Line("a", 3, new string('a', 100)), Line("b", 3, new string('b', 100)));
        string[] eval = ["eval", "--truth", truth, "--max-tokens", "3"];

        Assert.Equal(ExitCodes.Fine, await _cli.RunScriptedAsync(eval));
        Assert.Matches(@"Peak KV [\d,]+ bytes \([^)]*\); [\d,]+ of [\d,]+ prompt tokens were computed for another request", _cli.Output);
        string[] shared = Answers();
        Assert.Equal(ExitCodes.Fine, await _cli.RunScriptedAsync([.. eval, "--no-prefix-sharing"]));

        Assert.Contains("the formula gives", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(8, shared.Length);
        Assert.Equal(shared, Answers());

        string[] Answers() => [.. _cli.Output.Split("wrong: ").Skip(1).Select(miss => string.Join('\n', miss.Split('\n').Take(3))).Order(StringComparer.Ordinal)];
    }

    // The documents have questions that are not asked: nobody shares their text, and no memory is held for sharers.
    [Fact]
    public async Task Summaries_alone_take_the_formulas_memory()
    {
        string truth = WriteTruth(Line("a", 3, new string('a', 100)), Line("b", 3, new string('b', 100)));

        Assert.Equal(ExitCodes.Fine, await _cli.RunScriptedAsync("eval", "--truth", truth, "--task", "summary", "--max-tokens", "3"));

        Assert.Matches(@"Peak KV ([\d,]+) bytes \([^)]*\); the formula gives \1 for", _cli.Output);
    }

    [Theory]
    [InlineData("all", 4, "summaries answers")]
    [InlineData("summary", 1, "summaries")]
    [InlineData("questions", 3, "answers")]
    public async Task Task_says_what_is_asked(string task, int requests, string kinds)
    {
        string truth = WriteTruth(Line("a", questions: 3));

        Assert.Equal(ExitCodes.Fine, await _cli.RunScriptedAsync("eval", "--truth", truth, "--task", task, "--max-tokens", "3"));

        Assert.Contains($"1 document, {requests} request", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(kinds.Split(' '), ((string[])["summaries", "answers"]).Where(kind => _cli.Output.Contains($" {kind} ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Only_the_first_wrong_answers_are_shown()
    {
        string truth = WriteTruth(Line("a", questions: 20));

        Assert.Equal(ExitCodes.Fine, await _cli.RunScriptedAsync("eval", "--truth", truth, "--task", "questions", "--max-tokens", "3"));

        Assert.Equal(10, _cli.Output.Split('\n').Count(l => l.StartsWith("wrong: a: ", StringComparison.Ordinal)));
        Assert.Contains("and 10 more that were wrong.", _cli.Output, StringComparison.Ordinal);
        Assert.Matches(@"answers\s+0\s+20\s+20\s+0.00 %", _cli.Output);
    }

    [Fact]
    public async Task Limit_ends_the_reading_before_a_broken_line()
    {
        string truth = WriteTruth(Line("a"), "", Line("b"), "not JSON");

        Assert.Equal(ExitCodes.Fine, await _cli.RunScriptedAsync("eval", "--truth", truth, "--limit", "2", "--max-tokens", "3"));

        Assert.Contains("2 documents, 2 requests", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Documents_come_from_a_gzipped_file_or_from_files_beside_it()
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionMode.Compress, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(Line("docs/a.txt", text: null) + "\n" + Line("b")));
        string truth = _cli.Folder.Write("truth.jsonl.gz", bytes.ToArray());
        _cli.Folder.Write("docs/a.txt", "A document.");

        Assert.Equal(ExitCodes.Fine, await _cli.RunScriptedAsync("eval", "--truth", truth, "--max-tokens", "3"));

        Assert.Contains("2 documents, 2 requests", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Document_that_does_not_fit_counts_as_wrong_and_says_why()
    {
        string truth = WriteTruth(Line("long", text: string.Concat(Enumerable.Repeat("So it goes on. ", 20_000))), Line("b"));

        Assert.Equal(ExitCodes.Fine, await _cli.RunScriptedAsync("eval", "--truth", truth, "--max-tokens", "3"));

        Assert.Contains("found    (context_length_exceeded: ", _cli.Output, StringComparison.Ordinal);
        Assert.Matches(@"summaries\s+0\s+2\s+2", _cli.Output);
    }

    [Fact]
    public async Task Interrupted_evaluation_exits_with_130()
    {
        _cli.BeforeStep = _ => _cli.Interrupt();

        Assert.Equal(ExitCodes.Interrupted, await _cli.RunScriptedAsync("eval", "--truth", WriteTruth(Line("a", questions: 5))));
    }

    [Theory]
    [InlineData("not JSON", "line 2: it is not valid JSON (at byte 2). Each line")]
    [InlineData("[1]", "line 2: it is not an object")]
    [InlineData("""{"id": 5}""", "line 2: id is of another type than it should be")]
    [InlineData("null", "line 2: it is null, not an object")]
    [InlineData("{}", "line 2: id is missing")]
    [InlineData("""{"id": "x\u0000y", "summary": "s"}""", "line 2: id is missing, empty or holds a NUL character")]
    [InlineData("""{"id": "first", "text": "t", "summary": "s"}""", "line 2: id first stands in an earlier line too")]
    [InlineData("""{"id": "x", "text": "t"}""", "line 2: there is neither a summary nor a question")]
    [InlineData("""{"id": "x", "text": "t", "questions": [{"question": "q"}]}""", "line 2: a question lacks its question or its answer")]
    [InlineData("""{"id": "x", "text": "t", "questions": [null]}""", "line 2: a question lacks its question or its answer")]
    [InlineData("""{"id": "gone.txt", "summary": "s"}""", "line 2: there is no text, and no file ")]
    [InlineData("""{"id": "../x.txt", "summary": "s"}""", "line 2: id ../x.txt leads out of the folder")]
    [InlineData("""{"id": "/etc/hostname", "summary": "s"}""", "line 2: id /etc/hostname leads out of the folder")]
    public async Task Broken_line_is_named_with_the_cure(string line, string message)
    {
        await AssertRefusedAsync(ExitCodes.Usage, message, "--truth", WriteTruth(Line("first"), line));
        Assert.Contains("Each line is an object with an id of its own, summary or questions, and text or a file of that name in", _cli.ErrorLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("summary", """{"id": "a", "text": "t", "questions": [{"question": "Who?", "answer": "Ann."}]}""", "holds no summaries, so --task summary has nothing to ask. Give the other --task")]
    [InlineData("questions", """{"id": "a", "text": "t", "summary": "s"}""", "holds no questions, so --task questions has nothing to ask. Give the other --task")]
    public Task Truth_file_of_which_nothing_is_asked_is_one_line(string task, string line, string message) =>
        AssertRefusedAsync(ExitCodes.Usage, message, "--truth", WriteTruth(line), "--task", task);

    [Fact]
    public async Task Truth_file_without_truth_is_one_line()
    {
        await AssertRefusedAsync(ExitCodes.Usage, "There is no truth file nowhere. Give --truth a JSONL file", "--truth", "nowhere");
        await AssertRefusedAsync(ExitCodes.Usage, "There is no truth file", "--truth", _cli.Folder.Path);
        await AssertRefusedAsync(ExitCodes.Usage, "holds no documents. Give a file with one JSON object per line.", "--truth", WriteTruth(""));
        await AssertRefusedAsync(ExitCodes.Usage, "truth.jsonl.gz, line 1: ", "--truth", _cli.Folder.Write("truth.jsonl.gz", "no gzip"));
    }

    [Theory]
    [InlineData("", "Option '--truth' is required. See mixbatch eval --help.")]
    [InlineData("--truth x --task x", "--task is 'x'. Give one of summary, questions, all.")]
    [InlineData("--truth x --limit 0", "--limit is '0'. Give a whole number, 1 or more.")]
    [InlineData("--truth x --max-tokens -1", "--max-tokens is '-1'. Give a whole number, 1 or more.")]
    public Task Bad_flag_is_one_line(string line, string message) => AssertRefusedAsync(ExitCodes.Usage, message, line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public async Task Model_that_cannot_be_used_is_one_line()
    {
        string truth = WriteTruth(Line("a"));
        await AssertRefusedAsync(ExitCodes.Usage, "There is no model folder nowhere. Give --model", "--truth", truth, "--model", "nowhere");
        await AssertRefusedAsync(ExitCodes.JobFailed, "model.safetensors", "--truth", truth, "--model", _cli.CopyTruncatedModel("broken"));
        File.Delete(Path.Combine(_cli.CopyDemoModel("mute"), "tokenizer.json"));
        Assert.Equal(ExitCodes.JobFailed, await _cli.RunScriptedAsync("eval", "--truth", truth, "--model", _cli.Folder["mute"]));
        Assert.Contains("has no tokenizer.json", _cli.ErrorLine, StringComparison.Ordinal);
    }

    private static string Line(string id, int questions = 0, string? text = "A document.") => JsonSerializer.Serialize(new
    {
        id,
        text,
        summary = "Its summary.",
        questions = Enumerable.Range(0, questions).Select(i => new { question = $"Question {i}?", answer = "Its answer." }),
    });

    private string WriteTruth(params string[] lines) => _cli.Folder.Write("truth.jsonl", string.Join('\n', lines));

    private async Task AssertRefusedAsync(int exitCode, string message, params string[] args)
    {
        Assert.Equal(exitCode, await _cli.RunScriptedAsync(["eval", .. args]));
        Assert.Contains(message, _cli.ErrorLine, StringComparison.Ordinal);
        Assert.Single(_cli.Error.TrimEnd().Split('\n'));
        Assert.Empty(_cli.Output);
    }
}
