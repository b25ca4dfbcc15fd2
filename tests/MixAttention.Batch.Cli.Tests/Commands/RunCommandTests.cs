using System.Text.Json;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class RunCommandTests : IDisposable
{
    private readonly CommandLine _cli = new();

    public RunCommandTests()
    {
        _cli.Folder.Write("docs/a.txt", "First document.");
        _cli.Folder.Write("docs/sub/b.md", "Second document.");
    }

    private string Docs => _cli.Folder["docs"];

    private string Out => _cli.Folder["out"];

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Documents_become_lines_and_texts()
    {
        Assert.Equal(ExitCodes.Fine, await RunAsync(Docs));
        Assert.Equal(["a.txt", "sub/b.md"], Lines("output.jsonl").Select(l => l.GetProperty("custom_id").GetString()!));
        Assert.Equal(["out/errors.jsonl", "out/output.jsonl", "out/report.html", "out/texts/a.txt.txt", "out/texts/sub/b.md.txt"], _cli.Folder.Files("out").Where(f => !f.StartsWith("out/.mixbatch/", StringComparison.Ordinal)));
        Assert.Contains("2 of 2 requests succeeded", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("Using the demo model", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Questions_are_requests_of_their_own()
    {
        Assert.Equal(ExitCodes.Fine, await RunAsync(Docs, "--question", "Who?", "--question", "When?"));
        Assert.Equal(["a.txt", "a.txt#q2", "sub/b.md", "sub/b.md#q2"], Lines("output.jsonl").Select(l => l.GetProperty("custom_id").GetString()!));
        Assert.True(File.Exists(Path.Combine(Out, "texts/sub/b.md.q2.txt")));
    }

    [Fact]
    public async Task Questions_share_their_document_without_changing_a_byte()
    {
        _cli.Folder.Write("docs/a.txt", string.Join(' ', Enumerable.Range(0, 60)));
        string[] run = [Docs, "--question", "Who?", "--question", "When?", "--question", "Why?", "--created-at", "2026-01-31T00:00:00Z"];
        Assert.Equal(ExitCodes.Fine, await RunAsync(run));
        Assert.Contains("of them computed for another request", _cli.Output, StringComparison.Ordinal);
        string shared = File.ReadAllText(Path.Combine(Out, "output.jsonl"));

        Assert.Equal(ExitCodes.Fine, await RunAsync([.. run, "--overwrite", "--no-prefix-sharing"]));

        Assert.DoesNotContain("of them computed for another request", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(shared, File.ReadAllText(Path.Combine(Out, "output.jsonl")));
    }

    [Fact]
    public async Task Results_are_equal_byte_for_byte_when_the_time_is_fixed()
    {
        await RunAsync(Docs, "--created-at", "2026-01-31T00:00:00Z");
        string first = File.ReadAllText(Path.Combine(Out, "output.jsonl"));
        await RunAsync(Docs, "--overwrite", "--created-at", "1769817600", "--max-sequences", "1", "--memory", "1MiB", "--threads", "1");
        Assert.Equal(first, File.ReadAllText(Path.Combine(Out, "output.jsonl")));
        _cli.Variables["SOURCE_DATE_EPOCH"] = "1769817600";
        await RunAsync(Docs, "--overwrite");
        Assert.Equal(first, File.ReadAllText(Path.Combine(Out, "output.jsonl")));
    }

    [Theory]
    [InlineData("--seed", "1")]
    [InlineData("--chunk", "64")]
    [InlineData("--precision", "float32")]
    [InlineData("--no-trim")]
    [InlineData("--max-tokens", "3")]
    [InlineData("--prompt", "Translate.")]
    [InlineData("--served-model-name", "other")]
    public async Task Fingerprint_changes_with_everything_that_can_change_results(params string[] args)
    {
        await RunAsync(Docs);
        string before = Fingerprint();
        await RunAsync([Docs, "--overwrite", .. args]);
        Assert.NotEqual(before, Fingerprint());
    }

    [Fact]
    public async Task Some_failures_are_named_and_change_the_exit_code()
    {
        _cli.Folder.Write("docs/binary.txt", [1, 0, 2]);
        _cli.Folder.Write("docs/empty.md", "");
        _cli.Folder.Write("docs/.hidden.txt", "x");
        _cli.Folder.Write("docs/picture.png", "x");
        _cli.Folder.Write("docs/table.csv", "x");
        Assert.Equal(ExitCodes.SomeFailed, await RunAsync(Docs));
        Assert.Equal(["document_undecodable", "document_empty"], Lines("errors.jsonl").Select(l => l.GetProperty("error").GetProperty("code").GetString()!));
        Assert.Contains("mixbatch: binary.txt holds NUL characters, so it is binary or in another encoding. Convert it to UTF-8 text. (document_undecodable)\n", _cli.Error, StringComparison.Ordinal);
        Assert.Contains("Skipped: 1 hidden file or folder, 2 files of other types or excluded.\n", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unreadable_file_is_an_error_line()
    {
        File.CreateSymbolicLink(Path.Combine(Docs, "gone.txt"), "was-here.txt"); // unreadable for root too
        Assert.Equal(ExitCodes.SomeFailed, await RunAsync(Docs));
        Assert.Contains("storage_error", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Name_with_control_characters_cannot_forge_a_line()
    {
        _cli.Folder.Write("docs/x\nmixbatch: all fine\u001b[2J.txt", "");
        await RunAsync(Docs);
        Assert.Contains(@"mixbatch: x\u000amixbatch: all fine\u001b[2J.txt is empty.", _cli.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', _cli.Error);
    }

    [Fact]
    public async Task Standard_input_is_one_document()
    {
        _cli.StandardInput = "From a pipe.";
        Assert.Equal(ExitCodes.Fine, await RunAsync("-"));
        Assert.Equal("stdin", Lines("output.jsonl").Single().GetProperty("custom_id").GetString());
    }

    [Fact]
    public async Task Run_goes_on_where_a_former_one_ended_and_starts_over_when_asked()
    {
        await RunAsync(Docs);
        string before = File.ReadAllText(Path.Combine(Out, "output.jsonl"));
        _cli.Folder.Write("docs/c.txt", "Third document.");
        Assert.Equal(ExitCodes.Fine, await RunAsync(Docs));
        Assert.StartsWith(before, File.ReadAllText(Path.Combine(Out, "output.jsonl")), StringComparison.Ordinal);
        Assert.Contains("3 of 3 requests succeeded", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Fine, await RunAsync(Docs, "--overwrite"));
        Assert.Equal(3, Lines("output.jsonl").Count());
    }

    [Theory]
    [InlineData("what is asked (--task, --prompt or --question) was [\"Summarize the document.\"] and is [\"Translate.\"]", "--prompt", "Translate.")]
    [InlineData("--seed was 0 and is 1", "--seed", "1")]
    [InlineData("the model (--model or --served-model-name) was \"mixbatch-demo\" and is \"other\"", "--served-model-name", "other")]
    [InlineData("--created-at", "--created-at", "7")]
    [InlineData("--chunk was 512 and is 64 here", "--chunk", "64")]
    public async Task Run_of_something_else_in_the_same_folder_is_refused_with_what_differs(string difference, params string[] args)
    {
        await RunAsync(Docs);
        _cli.Folder.Write("docs/c.txt", "Third document.");
        Assert.Equal(ExitCodes.Usage, await RunAsync([Docs, .. args]));
        Assert.Contains(difference, _cli.ErrorLine, StringComparison.Ordinal);
        Assert.Equal(2, Lines("output.jsonl").Count());
    }

    [Fact]
    public async Task Folder_that_holds_something_else_is_refused()
    {
        _cli.Folder.Write("out/mine.txt", "mine");
        Assert.Equal(ExitCodes.Usage, await RunAsync(Docs));
        Assert.Contains("is not empty", _cli.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupted_run_writes_what_has_finished_and_exits_with_130()
    {
        int steps = 0;
        _cli.BeforeStep = _ =>
        {
            if (++steps > 4)
                _cli.Interrupt();
        };
        Assert.Equal(ExitCodes.Interrupted, await RunAsync(Docs, "--max-tokens", "20000", "--logit-bias", "0=-100", "--drain-seconds", "0"));
        Assert.Empty(Lines("output.jsonl"));
        Assert.Contains("Interrupted: 2 of 2 requests have no line. Run the same command again to go on.", _cli.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere", "There is no model folder")]
    [InlineData("docs", "config.json")]
    public async Task Missing_model_is_one_line(string model, string message)
    {
        Assert.NotEqual(ExitCodes.Fine, await RunAsync(Docs, "--model", _cli.Folder[model]));
        Assert.Contains(message, _cli.ErrorLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public async Task Corrupt_model_is_one_line_that_lists_its_problems()
    {
        Assert.Equal(ExitCodes.JobFailed, await RunAsync(Docs, "--model", _cli.CopyTruncatedModel("broken")));
        Assert.Contains("model.safetensors", _cli.ErrorLine, StringComparison.Ordinal);
        Assert.Single(_cli.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Model_without_tokenizer_is_one_line()
    {
        _cli.CopyDemoModel("mute");
        File.Delete(_cli.Folder["mute/tokenizer.json"]);
        Assert.Equal(ExitCodes.JobFailed, await RunAsync(Docs, "--model", _cli.Folder["mute"]));
        Assert.Contains("has no tokenizer.json", _cli.ErrorLine, StringComparison.Ordinal);
        Assert.DoesNotContain("KV memory", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_with_nothing_left_to_do_says_so_and_loads_nothing()
    {
        _cli.Folder.Write("docs/empty.md", "");
        await RunAsync(Docs);

        Assert.Equal(ExitCodes.SomeFailed, await _cli.RunAsync((_, _) => throw new InvalidOperationException("loaded"), "run", Docs, "-o", Out, "--max-tokens", "5"));

        Assert.Equal($"All 3 requests were finished before; nothing to run. Results are in {Out}.\n", _cli.Output);
        Assert.DoesNotContain("KV memory", _cli.Error, StringComparison.Ordinal);
        Assert.Contains("mixbatch: empty.md is empty.", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Empty_standard_input_is_told_what_to_do()
    {
        Assert.Equal(ExitCodes.SomeFailed, await RunAsync("-"));
        Assert.Contains("mixbatch: stdin: Standard input holds no text. Write a document to it. (document_empty)", _cli.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--memory is 10.0 TB, and there are ", "--memory", "10TB")]
    [InlineData("--max-tokens is 100000, and the model takes 32768 tokens, prompt and answer together. Give at most 32767.", "--max-tokens", "100000")]
    [InlineData("--prompt has {{dokument}}, and of documents in files only {{document}} is known.", "--prompt", "Translate {{dokument}}.")]
    [InlineData("--question has {{name}}, and of documents in files only {{document}} is known.", "--question", "Who is {{name}}?")]
    public async Task What_cannot_be_done_is_refused_before_anything_is_loaded(string message, params string[] args)
    {
        Assert.Equal(ExitCodes.Usage, await RunAsync([Docs, .. args]));
        Assert.Contains(message, _cli.ErrorLine, StringComparison.Ordinal);
        Assert.Null(_cli.RunnerOptions);
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public async Task Output_where_no_folder_can_be_made_is_refused_before_anything_is_loaded()
    {
        Assert.Equal(ExitCodes.Usage, await _cli.RunScriptedAsync("run", Docs, "-o", "/proc/x"));
        Assert.Equal("The output folder /proc/x cannot be made or written: that place takes no new folders. Choose another output folder.", _cli.ErrorLine);
        Assert.Null(_cli.RunnerOptions);
    }

    // The test of a whole job is in the library; this one is of what a person sees.
    [Fact]
    public async Task Failed_document_that_was_corrected_runs_again()
    {
        _cli.Folder.Write("docs/empty.md", "");
        _cli.Folder.Write("docs/gone.md", "");
        Assert.Equal(ExitCodes.SomeFailed, await RunAsync(Docs));
        _cli.Folder.Write("docs/empty.md", "No longer empty.");
        File.Delete(Path.Combine(Docs, "gone.md"));

        Assert.Equal(ExitCodes.SomeFailed, await RunAsync(Docs));

        Assert.Contains("1 document that had failed has changed and runs again.", _cli.Output, StringComparison.Ordinal);
        Assert.Contains("3 of 4 requests succeeded", _cli.Output, StringComparison.Ordinal);
        Assert.Equal(["a.txt", "empty.md", "sub/b.md"], Lines("output.jsonl").Select(l => l.GetProperty("custom_id").GetString()!));
        Assert.Equal("gone.md", Lines("errors.jsonl").Single().GetProperty("custom_id").GetString());
    }

    [Fact]
    public async Task Empty_folder_is_one_line()
    {
        Directory.CreateDirectory(_cli.Folder["empty"]);
        Assert.Equal(ExitCodes.Usage, await RunAsync(_cli.Folder["empty"]));
        Assert.Contains("No documents (.txt, .md, .html, .htm, .docx, .epub, .pdf) in", _cli.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_too_small_for_one_request_is_one_line()
    {
        Assert.Equal(ExitCodes.Usage, await RunAsync(Docs, "--memory", "10B"));
        Assert.Matches("hold not even one request: .* Give --memory .* or more, or lower --max-tokens.", _cli.ErrorLine);
    }

    [Fact]
    public async Task Default_memory_is_what_the_requests_can_use_and_is_explained()
    {
        await RunAsync(Docs);
        Assert.Matches(@"KV memory: \S+ \w+, all that these requests can use; \S+ \w+ could be had. --memory sets it.\n", _cli.Error);
        Assert.InRange(_cli.RunnerOptions!.KvBytes, 256 * 100, 10 << 20);
        await RunAsync(Docs, "--overwrite", "--memory", "4MiB");
        Assert.Equal(4 << 20, _cli.RunnerOptions.KvBytes);
    }

    [Fact]
    public async Task Token_outside_the_vocabulary_is_refused()
    {
        Assert.Equal(ExitCodes.Usage, await RunAsync(Docs, "--stop-token-id", "4096", "--logit-bias", "5000=1"));
        Assert.Contains("--stop-token-id names token 4096, --logit-bias names token 5000; the model's tokens are 0 to 4095.", _cli.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logprobs_are_written_when_asked_for()
    {
        await RunAsync(Docs, "--logprobs", "2");
        var content = Lines("output.jsonl").First().GetProperty("response").GetProperty("body").GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content");
        Assert.Equal(2, content[0].GetProperty("top_logprobs").GetArrayLength());
    }

    private Task<int> RunAsync(params string[] args) =>
        _cli.RunScriptedAsync(["run", .. args, "-o", Out, .. args.Contains("--max-tokens") ? Array.Empty<string>() : ["--max-tokens", "5"]]);

    private IEnumerable<JsonElement> Lines(string file) => File.ReadLines(Path.Combine(Out, file)).Select(l => JsonDocument.Parse(l).RootElement);

    private string Fingerprint() => Lines("output.jsonl").First().GetProperty("x_batch").GetProperty("fingerprint").GetString()!;
}
