using System.Text.Json;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Tests.Support;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Jobs;

/// <summary>Runs of .jsonl files: rows of batch files, and documents.</summary>
public sealed class LinesRunTests : IDisposable
{
    private readonly JobFixture _job = new() { LinesFile = "in.jsonl" };

    public void Dispose() => _job.Dispose();

    [Fact]
    public async Task Rows_become_lines_in_the_shape_of_their_endpoint_and_no_texts()
    {
        WriteRows(BatchLines.Chat("\"max_tokens\":4", "a"), BatchLines.Completion("\"max_tokens\":5", "b"));
        var report = await _job.RunAsync();
        Assert.Equal((2, 2), (report.Requests, report.Succeeded));
        var lines = Lines("out/output.jsonl");
        Assert.Equal(["chat.completion", "text_completion"], lines.Select(l => Body(l).GetProperty("object").GetString()!));
        Assert.Equal([4, 5], lines.Select(l => Body(l).GetProperty("usage").GetProperty("completion_tokens").GetInt32()));
        Assert.Equal([200, 200], lines.Select(l => l.GetProperty("response").GetProperty("status_code").GetInt32()));
        Assert.False(Directory.Exists(_job.Folder["out/texts"]));
    }

    [Fact]
    public async Task Row_that_cannot_run_is_an_error_line_with_its_code_and_the_others_run()
    {
        WriteRows(
            BatchLines.Chat("\"n\":2", "a"),
            BatchLines.Chat("\"max_tokens\":3", "b"),
            BatchLines.Chat(id: "c").Replace("\"tiny\"", "\"other\"", StringComparison.Ordinal),
            BatchLines.Chat(id: "d").Replace("/v1/chat/completions", "/v1/embeddings", StringComparison.Ordinal),
            BatchLines.Completion("\"max_tokens\":3", "e", $"\"{string.Join(' ', Enumerable.Range(0, 700))}\""));
        var report = await _job.RunAsync();
        Assert.Equal((5, 1, 4), (report.Requests, report.Succeeded, report.Failed));
        Assert.Equal(
            ["a invalid_request", "c model_not_found", "d unsupported_url", "e context_length_exceeded"],
            Lines("out/errors.jsonl").Select(l => $"{l.GetProperty("custom_id").GetString()} {l.GetProperty("error").GetProperty("code").GetString()}"));
        Assert.All(Lines("out/errors.jsonl"), l => Assert.Equal(64, l.GetProperty("x_batch").GetProperty("request_sha256").GetString()!.Length));
    }

    [Fact]
    public async Task Chat_without_a_maximum_may_fill_the_context_unless_the_operator_gives_one()
    {
        WriteRows(BatchLines.Chat("\"logit_bias\":{\"0\":-100}", "a")); // Never the end token.
        await _job.RunAsync();
        Assert.Equal(600, Body(Lines("out/output.jsonl").Single()).GetProperty("usage").GetProperty("total_tokens").GetInt32());
        (_job.Described, _job.Output) = (_job.Described with { MaxTokens = 7 }, "short");
        await _job.RunAsync();
        Assert.Equal(7, Body(Lines("short/output.jsonl").Single()).GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.NotEqual(Fingerprint("out"), Fingerprint("short"));
    }

    [Fact]
    public async Task Faults_of_the_file_fail_the_job_with_all_lines_and_begin_nothing()
    {
        WriteRows(BatchLines.Chat(), "{", "{}", BatchLines.Chat());
        _job.BeforeStep = _ => throw new InvalidOperationException("Nothing may run.");
        var error = await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        Assert.Equal(FailureKind.Job, error.Kind);
        Assert.Equal(["line 2: ", "line 3: ", "line 4: "], error.Details.Select(d => d[..8]));
        Assert.False(Directory.Exists(_job.Folder["out"]));
    }

    [Fact]
    public async Task Faulty_file_leaves_the_results_of_a_former_run_as_they_were()
    {
        WriteRows(BatchLines.Chat("\"max_tokens\":3"));
        await _job.RunAsync();
        string before = _job.ReadAll("out/output.jsonl");
        WriteRows("{");
        _job.Overwrites = true;
        await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        Assert.Equal(before, _job.ReadAll("out/output.jsonl"));
        WriteRows(BatchLines.Chat("\"max_tokens\":3"));
        _job.Overwrites = false;
        _job.BeforeStep = _ => throw new InvalidOperationException("Nothing is left to run.");
        Assert.Equal(1, (await _job.RunAsync()).Succeeded);
    }

    [Fact]
    public async Task File_without_lines_is_complete_at_once()
    {
        WriteRows();
        var report = await _job.RunAsync();
        Assert.Equal(0, report.Requests);
        Assert.Equal(("", ""), (_job.ReadAll("out/output.jsonl"), _job.ReadAll("out/errors.jsonl")));
    }

    [Fact]
    public async Task Lines_that_have_come_are_added_and_nothing_runs_again()
    {
        WriteRows(Rows(70));
        await _job.RunAsync();
        string before = _job.ReadAll("out/output.jsonl");
        WriteRows(Rows(73));
        var report = await _job.RunAsync();
        Assert.Equal((73, 73, 3), (report.Requests, report.Succeeded, (int)report.Engine.SequencesFinished));
        Assert.StartsWith(before, _job.ReadAll("out/output.jsonl"), StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, 73), Lines("out/output.jsonl").Select(l => l.GetProperty("x_batch").GetProperty("row").GetInt32()));
    }

    [Fact]
    public async Task Line_that_is_only_written_differently_is_the_same()
    {
        WriteRows(BatchLines.Chat("\"max_tokens\":3", "a"));
        await _job.RunAsync();
        WriteRows("", BatchLines.Chat("\"max_tokens\": 3", "\\u0061") + "\r");
        _job.BeforeStep = _ => throw new InvalidOperationException("Nothing is left to run.");
        Assert.Equal(1, (await _job.RunAsync()).Succeeded);
    }

    [Theory]
    [InlineData("a,B,c", "changed is b")]
    [InlineData("a,c", "gone is b")]
    [InlineData("a,b", "gone is c")]
    [InlineData("A,c,d", "changed is a; gone is b")]
    [InlineData("x,a,b,c", "in another place are a, b, c")]
    [InlineData("b,a,c", "in another place are a, b")]
    public async Task Changed_removed_and_moved_lines_are_refused_by_id(string ids, string difference)
    {
        WriteRows(Ask("a"), Ask("b"), Ask("c"));
        await _job.RunAsync();
        string before = _job.ReadAll("out/output.jsonl");
        WriteRows([.. ids.Split(',').Select(Ask)]);
        var error = await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        Assert.Equal(FailureKind.Usage, error.Kind);
        Assert.Contains($"begun with: {difference}. Bring them back", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, _job.ReadAll("out/output.jsonl"));

        static string Ask(string id) => BatchLines.Chat($"\"max_tokens\":{(char.IsUpper(id[0]) ? 4 : 3)}", id.ToLowerInvariant());
    }

    [Fact]
    public async Task Documents_of_lines_get_the_prompts_of_documents_in_files()
    {
        _job.Folder.Write("docs/a.txt", "One two three.");
        _job.Folder.Write("docs/b.txt", "Four five.");
        (_job.LinesFile, _job.Output) = (null, "files");
        await _job.RunAsync();
        (_job.LinesFile, _job.Output) = ("in.jsonl", "out");
        WriteDocuments("""{"id":"a.txt","text":"One two three."}""", """{"id":"b.txt","text":"Four five.","year":1999}""");
        await _job.RunAsync();
        Assert.Equal(Lines("files/output.jsonl").Select(Answer), Lines("out/output.jsonl").Select(Answer));
        Assert.Equal(_job.ReadAll("files/texts/a.txt.txt"), _job.ReadAll("out/texts/a.txt.txt"));

        static string Answer(JsonElement line) => Body(line).GetProperty("choices").GetRawText() + Body(line).GetProperty("usage").GetRawText();
    }

    [Fact]
    public async Task Questions_and_faulty_documents_of_lines_have_lines_of_their_own()
    {
        _job.Task = PromptTask.Ask(["Who?", "When?"]);
        WriteDocuments("""{"id":"../x","text":"One."}""", """{"id":"b","text":" "}""", """{"id":"c","txt":"Two."}""");
        var report = await _job.RunAsync();
        Assert.Equal((6, 2), (report.Requests, report.Succeeded));
        Assert.Equal(["../x", "../x#q2"], Ids("out/output.jsonl"));
        Assert.Equal(["b document_empty", "b#q2 document_empty", "c invalid_request", "c#q2 invalid_request"],
            Lines("out/errors.jsonl").Select(l => $"{l.GetProperty("custom_id").GetString()} {l.GetProperty("error").GetProperty("code").GetString()}"));
        Assert.All(_job.Folder.Files("out/texts"), f => Assert.StartsWith("out/texts/document-", f, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Template_names_fields_and_a_document_without_one_is_an_error_line()
    {
        _job.Task = PromptTask.FromPrompt("Of {{year}}: {{document}}");
        WriteDocuments("""{"id":"a","text":"One.","year":1999}""", """{"id":"b","text":"Two.","year":null}""");
        await _job.RunAsync();
        Assert.Equal(["a"], Ids("out/output.jsonl"));
        Assert.Contains("The prompt names the field year, which b does not have", _job.ReadAll("out/errors.jsonl"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stored_line_that_was_damaged_fails_the_run_and_not_the_row()
    {
        WriteRows(Rows(3));
        _job.BeforeStep = _ => throw new InvalidOperationException("The device fell off the bus.");
        await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        string copy = _job.Folder.Files("out").Single(f => f.EndsWith(".lines.jsonl", StringComparison.Ordinal));
        _job.Folder.Write(copy, _job.ReadAll(copy).Replace("Hello 1", "Hullo 1", StringComparison.Ordinal));
        _job.BeforeStep = null;
        var error = await Assert.ThrowsAsync<BatchException>(_job.RunAsync);
        Assert.Contains("The line of row-1 is not what was listed", error.Message, StringComparison.Ordinal);
    }

    private static string[] Rows(int count) =>
        [.. Enumerable.Range(0, count).Select(i => BatchLines.Chat("\"max_tokens\":3", $"row-{i}", $$"""[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello {{i}}"}]"""))];

    private void WriteRows(params string[] lines)
    {
        _job.Folder.Write("in.jsonl", BatchLines.File(lines));
        _job.ModelName = BatchLines.Model;
        _job.Task = PromptTask.Rows;
        _job.Sampling = new SamplingParams { Temperature = 1 };
        _job.Described = new JobInput(JobInput.Rows, JobInput.DefaultMaxDocumentBytes) { MaxTokens = _job.Described.MaxTokens };
    }

    private void WriteDocuments(params string[] lines)
    {
        _job.Folder.Write("in.jsonl", BatchLines.File(lines));
        _job.Described = new JobInput(JobInput.DocumentLines, JobInput.DefaultMaxDocumentBytes) { Fields = new DocumentFields() };
    }

    private string Fingerprint(string output) => Lines($"{output}/output.jsonl")[0].GetProperty("x_batch").GetProperty("fingerprint").GetString()!;

    private static JsonElement Body(JsonElement line) => line.GetProperty("response").GetProperty("body");

    private string[] Ids(string path) => [.. Lines(path).Select(l => l.GetProperty("custom_id").GetString()!)];

    private JsonElement[] Lines(string path) => [.. File.ReadLines(_job.Folder[path]).Select(l => JsonDocument.Parse(l).RootElement)];
}
