using System.Text.Json;
using MixAttention.Batch.Output;
using MixAttention.Batch.Records;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Output;

public sealed class OutputFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Successes_and_failures_go_apart_and_answers_have_texts()
    {
        Run(Failure(0), Success(1), Failure(2), Success(3));
        Assert.Equal([1, 3], Rows("out/output.jsonl"));
        Assert.Equal([0, 2], Rows("out/errors.jsonl"));
        Assert.Equal(["out/errors.jsonl", "out/output.jsonl", "out/texts/doc-1.txt.txt", "out/texts/doc-3.txt.txt"], _folder.Files());
        Assert.Equal("answer 3\n", File.ReadAllText(_folder["out/texts/doc-3.txt.txt"]));
    }

    [Fact]
    public void Folder_that_holds_anything_is_refused_without_overwrite()
    {
        _folder.Write("out/mine.txt", "mine");
        var error = Assert.Throws<BatchException>(() => OutputFolder.Check(_folder["out"], overwrite: false));
        Assert.Contains("(it holds mine.txt). Choose another folder, or add --overwrite", error.Message, StringComparison.Ordinal);
        OutputFolder.Check(_folder["out"], overwrite: true);
        OutputFolder.Check(_folder["new"], overwrite: false);
        StateFolder.Open(_folder["out"]).Dispose();
        OutputFolder.Check(_folder["out"], overwrite: false);
    }

    [Fact]
    public void File_in_the_place_of_the_folder_is_refused()
    {
        _folder.Write("out", "mine");
        Assert.Throws<BatchException>(() => OutputFolder.Check(_folder["out"], overwrite: true));
    }

    [Fact]
    public void Overwriting_removes_the_former_runs_files_and_no_others()
    {
        Run(Success(0, "sub/old.txt"), Failure(1));
        _folder.Write("out/notes.md", "mine");
        _folder.Write("out/texts/mine.txt", "mine");
        OutputFolder.RemoveFormerRun(_folder["out"]);
        Run(Success(0, "new.txt"));
        Assert.Equal(["out/errors.jsonl", "out/notes.md", "out/output.jsonl", "out/texts/mine.txt", "out/texts/new.txt.txt"], _folder.Files());
    }

    [Fact]
    public void Overwriting_never_removes_what_a_forged_line_names()
    {
        string[] targets = [_folder.Write("victim.txt", "mine"), _folder.Write("out/notes.md", "mine"), _folder.Write("away/x.txt", "mine")];
        Directory.CreateDirectory(_folder["out/texts"]);
        Directory.CreateSymbolicLink(_folder["out/texts/link"], _folder["away"]);
        string[] names = ["../victim.txt", _folder["victim.txt"], "notes.md", "texts/../notes.md", "texts/link/x.txt", "texts/../../victim.txt"];
        _folder.Write("out/output.jsonl", string.Concat(names.Select((n, i) => System.Text.Encoding.UTF8.GetString(RecordJson.Write(Success(i) with { XBatch = new ResultExtension(i, null, "", null, n) })) + "\n")) + "{\"cut\n");
        OutputFolder.RemoveFormerRun(_folder["out"]);
        Assert.All(targets, t => Assert.True(File.Exists(t), t));
    }

    [Fact]
    public void Text_is_never_written_through_a_link()
    {
        Directory.CreateDirectory(_folder["away"]);
        Directory.CreateDirectory(_folder["out/texts"]);
        Directory.CreateSymbolicLink(_folder["out/texts/sub"], _folder["away"]);
        var error = Assert.Throws<BatchException>(() => Run(Success(0, "sub/a.txt")));
        Assert.Contains("is a link", error.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.Files("away"));
    }

    [Theory]
    [InlineData(".text.tmp")]
    [InlineData("output.jsonl.partial")]
    [InlineData("errors.jsonl.partial")]
    public void Link_under_a_temporary_name_is_replaced_not_followed(string name)
    {
        string victim = _folder.Write("victim.txt", "mine");
        Directory.CreateDirectory(_folder["out"]);
        File.CreateSymbolicLink(_folder[$"out/{name}"], victim);
        Run(Success(0), Failure(1));
        Assert.Equal("mine", File.ReadAllText(victim));
        Assert.Equal(["out/errors.jsonl", "out/output.jsonl", "out/texts/doc-0.txt.txt"], _folder.Files("out"));
        Assert.All(_folder.Files("out"), f => Assert.Null(new FileInfo(_folder[f]).LinkTarget));
    }

    [Fact]
    public void Link_under_the_reports_temporary_name_is_replaced_not_followed()
    {
        string victim = _folder.Write("victim.txt", "mine");
        File.CreateSymbolicLink(_folder["report.html.partial"], victim);
        OutputFolder.WriteReport(_folder["report.html"], "page"u8.ToArray());
        Assert.Equal(("mine", "page\n"), (File.ReadAllText(victim), File.ReadAllText(_folder["report.html"])));
    }

    [Fact]
    public void What_a_dead_run_left_is_replaced_and_what_a_live_one_writes_is_not()
    {
        _folder.Write("out/output.jsonl.partial", "left over");
        _folder.Write("out/.text.tmp", "left over");
        using var folder = OutputFolder.Create(_folder["out"]);
        Assert.Contains("being used by another process", Assert.Throws<BatchException>(() => OutputFolder.Create(_folder["out"])).Message, StringComparison.Ordinal);
        folder.Write(ResultLine.Of(Success(0)));
        folder.Complete();
        Assert.Equal([0], Rows("out/output.jsonl"));
    }

    [Fact]
    public void Folder_that_cannot_be_written_is_one_line_with_the_cure()
    {
        Directory.CreateDirectory(_folder["out/.text.tmp"]);
        var error = Assert.Throws<BatchException>(() => Run(Success(0)));
        Assert.Equal(FailureKind.Job, error.Kind);
        Assert.Contains("Free some space or choose another output folder", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private void Run(params ResultRecord[] records)
    {
        using var folder = OutputFolder.Create(_folder["out"]);
        foreach (var record in records)
            folder.Write(ResultLine.Of(record));
        folder.Complete();
    }

    private int[] Rows(string path) => [.. File.ReadLines(_folder[path]).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("x_batch").GetProperty("row").GetInt32())];

    private static ResultRecord Success(int row, string? id = null)
    {
        id ??= $"doc-{row}.txt";
        var body = new Completion("chatcmpl-1", "chat.completion", 0, "demo", [new CompletionChoice(0, new ChatAnswer("assistant", $"answer {row}"), "stop")], new CompletionUsage(1, 1, 2));
        return new ResultRecord($"res_{row}", id, new ResultResponse(200, "req_1", body), null, new ResultExtension(row, "d", "f", null, $"texts/{id}.txt"));
    }

    private static ResultRecord Failure(int row) => new($"res_{row}", $"doc-{row}.txt", null, new ResultError("document_empty", "Empty."), new ResultExtension(row, null, "f", null, null));
}
