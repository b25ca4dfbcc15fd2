using System.Text.Json;
using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Commands;

/// <summary><c>mixbatch run</c> on .jsonl files.</summary>
public sealed class RunLinesTests : IDisposable
{
    private readonly CommandLine _cli = new();

    private string File => _cli.Folder["in.jsonl"];

    private string Out => _cli.Folder["out"];

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Batch_file_becomes_lines_and_its_errors_are_counted()
    {
        Write(Chat("a", "\"max_tokens\":3"), Chat("b", "\"n\":2"), Chat("c", "\"max_tokens\":3", model: "gpt-4o"));
        Assert.Equal(ExitCodes.SomeFailed, await RunAsync(File));
        Assert.Equal(["a"], Ids("output.jsonl"));
        Assert.Equal(["b", "c"], Ids("errors.jsonl"));
        Assert.Contains("2 of 3 lines cannot run (invalid_request 1, model_not_found 1); each becomes an error line.", _cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Served_name_is_what_rows_must_ask_for()
    {
        Write(Chat("a", "\"max_tokens\":3", model: "gpt-4o"));
        Assert.Equal(ExitCodes.Fine, await RunAsync(File, "--served-model-name", "gpt-4o"));
        Assert.Equal("gpt-4o", Lines("output.jsonl").Single().GetProperty("response").GetProperty("body").GetProperty("model").GetString());
    }

    [Fact]
    public async Task Fault_33_faults_of_the_file_are_listed_line_by_line_and_nothing_is_begun()
    {
        Write(Chat("a"), "{", Chat("a"), "{}");
        Assert.Equal(ExitCodes.JobFailed, await RunAsync(File));
        string[] lines = _cli.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^4..];
        Assert.Equal($"mixbatch: {File} cannot be run; nothing was started. Correct these 3 lines:", lines[0]);
        Assert.Equal(["  line 2: ", "  line 3: ", "  line 4: "], lines[1..].Select(l => l[..10]));
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public async Task Rows_take_openais_defaults_unless_the_command_line_gives_others()
    {
        Write(Chat("a"), Chat("b", "\"temperature\":0,\"max_tokens\":2"));
        Assert.Equal(ExitCodes.Fine, await RunAsync(File, "--max-tokens", "4", "--logit-bias", "0=-100"));
        Assert.Equal([4, 2], Lines("output.jsonl").Select(l => l.GetProperty("response").GetProperty("body").GetProperty("usage").GetProperty("completion_tokens").GetInt32()));
        string warm = Answer("a");
        await RunAsync(File, "--max-tokens", "4", "--logit-bias", "0=-100", "--temperature", "0", "--overwrite");
        Assert.NotEqual(warm, Answer("a"));
    }

    [Fact]
    public async Task Documents_of_lines_are_named_and_filled_into_templates()
    {
        Write("""{"key":"x","body":"Text.","title":"A title"}""");
        Assert.Equal(ExitCodes.Fine, await RunAsync(File, "--id-field", "key", "--text-field", "body", "--prompt", "{{title}}: {{document}}", "--max-tokens", "3"));
        Assert.Equal(["x"], Ids("output.jsonl"));
        Assert.True(System.IO.File.Exists(Path.Combine(Out, "texts/x.txt")));
    }

    [Fact]
    public async Task Lines_come_from_standard_input_when_their_format_is_said()
    {
        _cli.StandardInput = Chat("a", "\"max_tokens\":3");
        Assert.Equal(ExitCodes.Fine, await RunAsync("-", "--format", "openai-batch"));
        Assert.Equal(["a"], Ids("output.jsonl"));
        Assert.Equal(ExitCodes.Fine, await RunAsync("-", "--format", "openai-batch"));
    }

    [Theory]
    [InlineData("A .jsonl file is a job of its own, and 2 INPUTs are given. Name it alone.", "in.jsonl", "docs")]
    [InlineData("--question is given, and the rows of a batch file say themselves what is asked.", "in.jsonl", "--question", "Who?")]
    [InlineData("--include is for documents in files", "in.jsonl", "--include", "*.md")]
    [InlineData("--id-field is given, and no INPUT is a .jsonl file.", "docs", "--id-field", "key")]
    [InlineData("missing.jsonl does not exist", "missing.jsonl")]
    [InlineData("line 1, is neither a request of an OpenAI batch file", "odd.jsonl")]
    public async Task Command_line_that_does_not_fit_the_input_is_refused(string message, string input, params string[] args)
    {
        Write(Chat("a"));
        _cli.Folder.Write("odd.jsonl", "{}\n");
        _cli.Folder.Write("docs/a.txt", "Text.");
        Assert.Equal(ExitCodes.Usage, await RunAsync([_cli.Folder[input], .. args.Select(a => a == "docs" ? _cli.Folder[a] : a)]));
        Assert.Contains(message, _cli.ErrorLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public async Task Results_of_a_run_are_no_input_of_the_same_run()
    {
        Write(Chat("a", "\"max_tokens\":3"));
        await RunAsync(File);
        Assert.Equal(ExitCodes.Usage, await RunAsync(Path.Combine(Out, "output.jsonl")));
        Assert.Contains("lies in the output folder", _cli.ErrorLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vllm_input_batch.jsonl", ExitCodes.SomeFailed, 2, 3)]
    [InlineData("vllm_invalid_input_batch.jsonl", ExitCodes.JobFailed, 0, 0)]
    [InlineData("empty.jsonl", ExitCodes.Fine, 0, 0)]
    public async Task Vllms_cases_come_out_as_with_vllm(string name, int exitCode, int succeeded, int failed)
    {
        string file = Path.Combine(Environment.GetEnvironmentVariable("MIXATTENTION_SHARED") ?? "", "data", "vectors", "openai-batch", name);
        Assert.SkipUnless(System.IO.File.Exists(file), "The vectors are not there: set MIXATTENTION_SHARED.");
        Assert.Equal(exitCode, await RunAsync(file, "--served-model-name", "tiny-model", "--max-tokens", "3"));
        if (exitCode == ExitCodes.JobFailed)
            return;
        Assert.Equal((succeeded, failed), (Lines("output.jsonl").Count(), Lines("errors.jsonl").Count()));
    }

    private Task<int> RunAsync(params string[] args) => _cli.RunScriptedAsync(["run", .. args, "-o", Out]);

    private void Write(params string[] lines) => _cli.Folder.Write("in.jsonl", string.Join('\n', lines) + "\n");

    private static string Chat(string id, string fields = "", string model = "mixbatch-demo") =>
        $$"""{"custom_id":"{{id}}","method":"POST","url":"/v1/chat/completions","body":{"model":"{{model}}","messages":[{"role":"user","content":"Hello"}]{{(fields.Length > 0 ? "," : "")}}{{fields}}} }""";

    private string Answer(string id) => Lines("output.jsonl").Single(l => l.GetProperty("custom_id").GetString() == id).GetProperty("response").GetProperty("body").GetProperty("choices").GetRawText();

    private IEnumerable<string> Ids(string file) => Lines(file).Select(l => l.GetProperty("custom_id").GetString()!);

    private IEnumerable<JsonElement> Lines(string file) => System.IO.File.ReadLines(Path.Combine(Out, file)).Select(l => JsonDocument.Parse(l).RootElement);
}
