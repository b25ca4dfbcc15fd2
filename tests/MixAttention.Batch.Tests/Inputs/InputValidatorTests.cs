using System.Text;
using System.Text.RegularExpressions;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Inputs;

public sealed partial class InputValidatorTests
{
    private static readonly string[] Tokens = ["\"", "\\", "\\u", "\\ud800", "{", "}", "[", "]", ",", ":", "null", "NaN", "-", "1e999", "\0", "\u00FF", "\"a\"", "\"custom_id\":"];

    private static readonly string[] Values =
        ["null", "true", "0", "-1", "1", "1.5", "1e999", "99999999999999999999", "\"\"", "\"x\"", "\"\\ud800\"", "\"\\u0000\"", "[]", "{}", "[1]", "[\"a\"]", "[[1]]", "[null]", "{\"x\":1}", "{\"type\":\"text\"}"];

    public static TheoryData<string, byte[], int, string> Fault33 => new()
    {
        { "byte order mark", [0xEF, 0xBB, 0xBF, .. BatchLines.File(BatchLines.Chat())], 1, "" },
        { "CRLF", BatchLines.File(BatchLines.Chat() + "\r", BatchLines.Chat(id: "b") + "\r", ""), 2, "" },
        { "blank lines", BatchLines.File("", BatchLines.Chat(), " \t", "", BatchLines.Chat(id: "b"), ""), 2, "" },
        { "missing last newline", BatchLines.File(BatchLines.Chat(), BatchLines.Chat(id: "b")), 2, "" },
        { "empty file", [], 0, "" },
        { "NUL", BatchLines.File(BatchLines.Chat(), BatchLines.Chat(id: "b\0c"), BatchLines.Chat(id: "d\0")), 3, "2 invalid_json, 3 invalid_json" },
        { "invalid UTF-8", [.. BatchLines.File(BatchLines.Chat(), "{\"custom_id\":\""), 0xFF, .. BatchLines.File("\"}", BatchLines.Chat(id: "b"))], 3, "2 invalid_json" },
        { "UTF-16", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes(BatchLines.Chat())).ToArray(), 1, "1 invalid_json" },
        { "deep nesting", BatchLines.File(BatchLines.Chat($"\"metadata\":{new string('[', 100)}{new string(']', 100)}")), 1, "1 invalid_json" },
        { "duplicate keys", BatchLines.File(BatchLines.Chat("\"n\":1,\"n\":1")), 1, "1 invalid_json" },
        { "duplicate ids", BatchLines.File(BatchLines.Chat(), BatchLines.Chat(id: "b"), BatchLines.Chat(), BatchLines.Chat()), 4, "3 duplicate_custom_id, 4 duplicate_custom_id" },
        { "NaN", BatchLines.File(BatchLines.Chat("\"temperature\":NaN")), 1, "1 invalid_json" },
        { "truncated line", BatchLines.File(BatchLines.Chat()[..^4], BatchLines.Chat()), 2, "1 invalid_json" },
    };

    [Theory]
    [MemberData(nameof(Fault33))]
    public async Task Fault_33_bad_line_is_taken_or_named_with_its_number(string name, byte[] file, int rows, string faults)
    {
        var report = await ValidateAsync(new MemoryStream(file));
        Assert.True(rows == report.Rows, name);
        Assert.Equal(faults, string.Join(", ", report.Faults.Select(f => $"{f.LineNumber} {f.Code}")));
        Assert.Equal(report.Faults.Count, report.FaultCount);
        Assert.Empty(report.FailedRows);
    }

    [Fact]
    public async Task Row_is_handed_on_with_its_line_which_says_the_same_when_it_is_read_again()
    {
        byte[] file = [0xEF, 0xBB, 0xBF, .. BatchLines.File(BatchLines.Chat(), "", " " + BatchLines.Completion(id: "b") + "\r", BatchLines.Chat("\"n\":2", id: "c"))];
        var parser = Parser();
        var rows = new List<InputRow<BatchRow>>();
        var report = await ValidateAsync(new MemoryStream(file), rows);
        Assert.Equal([(0, 1, "a"), (1, 3, "b"), (2, 4, "c")], rows.Select(r => (r.Index, r.LineNumber, r.Parsed.Id)));
        Assert.All(rows, row =>
        {
            var again = parser.Parse(row.Line);
            Assert.Equal((row.Parsed.Id, row.Parsed.Sha256, row.Parsed.Error), (again.Id, again.Sha256, again.Error));
        });
        Assert.Equal([new("invalid_request", 1)], report.FailedRows);
    }

    [Fact]
    public async Task Doubled_id_names_both_lines_and_missing_id_its_own()
    {
        var report = await ValidateAsync(new MemoryStream(BatchLines.File(BatchLines.Chat(id: "x"), "", BatchLines.Completion(id: "\\u0078"), "{}")));
        Assert.Equal(
            ["3 The id \"x\" is that of line 1 already. Give every line its own.", "4 custom_id is missing. Give every line its own."],
            report.Faults.Select(f => $"{f.LineNumber} {f.Message}"));
        var failure = Assert.Throws<BatchException>(() => report.ThrowIfFaulty("in.jsonl"));
        Assert.Equal(FailureKind.Job, failure.Kind);
        Assert.Equal("in.jsonl cannot be run; nothing was started. Correct these 2 lines:", failure.Message);
        Assert.Equal("line 4: custom_id is missing. Give every line its own. (invalid_request)", failure.Details[1]);
    }

    [Fact]
    public async Task Faults_are_all_counted_and_the_first_hundred_kept()
    {
        var rows = new List<InputRow<BatchRow>>();
        var report = await ValidateAsync(new MemoryStream(BatchLines.File([BatchLines.Chat(), .. Enumerable.Repeat("?", 150), BatchLines.Chat("\"n\":2", id: "b")])), rows);
        Assert.Equal((152, 150, 100, 1), (report.Rows, report.FaultCount, report.Faults.Count, report.FailedRows["invalid_request"]));
        Assert.Single(rows); // The file cannot be run, so what follows its first fault is not handed on.
        Assert.Equal("and 50 more", Assert.Throws<BatchException>(() => report.ThrowIfFaulty("in.jsonl")).Details[^1]);
    }

    [Fact]
    public async Task Fault_33_line_of_a_hundred_megabytes_is_refused_without_being_kept()
    {
        byte[] megabyte = Encoding.ASCII.GetBytes(new string('x', 1 << 20));
        using var stream = new GeneratedStream([BatchLines.File(BatchLines.Chat(), ""), .. Enumerable.Repeat(megabyte, 100), BatchLines.File("", BatchLines.Chat())], 1 << 20);
        long before = GC.GetAllocatedBytesForCurrentThread(); // Nothing here waits, so all of it runs on this thread.
        var report = await ValidateAsync(stream);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 40L << 20);
        Assert.Equal(["2 invalid_request", "3 duplicate_custom_id"], report.Faults.Select(f => $"{f.LineNumber} {f.Code}"));
        Assert.Equal("The line is longer than the 8.00 MB that are allowed. Shorten it, or raise --max-line-size.", report.Faults[0].Message);
    }

    [Fact]
    public void Fault_33_mutated_line_gives_an_answer_and_never_an_exception()
    {
        var random = new Random(33);
        string[] seeds =
        [
            BatchLines.Chat("\"stop\":[\"a\"],\"logit_bias\":{\"1\":2},\"top_k\":4,\"seed\":1,\"stream\":false,\"user\":\"u\",\"tools\":[]"),
            BatchLines.Chat(messages: """[{"role":"system","content":"\ud83d\ude00"},{"role":"user","content":[{"type":"text","text":"é"}]}]"""),
            BatchLines.Completion("\"logprobs\":1,\"n\":1,\"temperature\":0.5", prompt: "[1,2]"),
            """{"id":"a","text":"t","title":"x","year":1e3}""",
        ];
        var requests = Parser();
        var documents = new DocumentRowParser(new DocumentFields());
        int sound = 0, rowErrors = 0, fileFaults = 0;
        for (int i = 0; i < 100_000; i++)
        {
            string seed = seeds[i % seeds.Length];
            byte[] line = i % 8 < 4 ? WithAnotherValue(seed, random) : WithOtherBytes([.. Encoding.UTF8.GetBytes(seed)], random);
            var parsed = requests.Parse(line);
            _ = documents.Parse(line);
            Assert.True(parsed.Error is null == parsed.Content is not null, Encoding.UTF8.GetString(line));
            if (parsed.Id is null)
                fileFaults++;
            else if (parsed.Error is not null)
                rowErrors++;
            else
                sound++;
        }

        Assert.True(Math.Min(sound, Math.Min(rowErrors, fileFaults)) > 2_000, $"{sound} sound, {rowErrors} with an error, {fileFaults} faults");
    }

    [Theory]
    [InlineData("vllm_input_batch.jsonl", "request-1 -, request-2 -, request-3 model_not_found, request-4 unsupported_url, request-5 invalid_request", "")]
    [InlineData("vllm_invalid_input_batch.jsonl", "", "1 invalid_request")]
    [InlineData("empty.jsonl", "", "")]
    public async Task Vllm_case_gets_vllms_verdict(string name, string rows, string faults)
    {
        string file = Path.Combine(Environment.GetEnvironmentVariable("MIXATTENTION_SHARED") ?? "", "data", "vectors", "openai-batch", name);
        Assert.SkipUnless(File.Exists(file), "The vectors are not there: set MIXATTENTION_SHARED.");
        var read = new List<InputRow<BatchRow>>();
        await using var stream = File.OpenRead(file);
        var report = await ValidateAsync(stream, read, new BatchRowParser("tiny-model", new BodyDefaults()));
        Assert.Equal(rows, string.Join(", ", read.Select(r => $"{r.Parsed.Id} {r.Parsed.Error?.Code ?? "-"}")));
        Assert.Equal(faults, string.Join(", ", report.Faults.Select(f => $"{f.LineNumber} {f.Code}")));
    }

    /// <summary>Puts another value in the place of one: the line stays JSON.</summary>
    private static byte[] WithAnotherValue(string line, Random random)
    {
        var places = Value().Matches(line);
        var place = places[random.Next(places.Count)];
        return Encoding.UTF8.GetBytes(line.Remove(place.Index, place.Length).Insert(place.Index, Values[random.Next(Values.Length)]));
    }

    /// <summary>Changes some bytes: the line seldom stays JSON.</summary>
    private static byte[] WithOtherBytes(List<byte> line, Random random)
    {
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(line.Count);
            int length = Math.Min(random.Next(1, 12), line.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    line[at] = (byte)random.Next(256);
                    break;
                case 1:
                    line.RemoveRange(at, Math.Min(length, line.Count - 1));
                    break;
                case 2:
                    line.InsertRange(random.Next(line.Count), line.GetRange(at, length));
                    break;
                case 3:
                    line[at] = (byte)random.Next('0', 'z');
                    break;
                default:
                    line.InsertRange(at, Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    break;
            }
        }

        return [.. line];
    }

    [GeneratedRegex("""(?<=[:\[])("[^"]*"|-?[\d.]+|true|false|\[\]|\[[^\]]*\]|\{[^{}]*\})""")]
    private static partial Regex Value();

    private static BatchRowParser Parser() => new(BatchLines.Model, new BodyDefaults());

    private static async Task<InputReport> ValidateAsync(Stream stream, List<InputRow<BatchRow>>? rows = null, BatchRowParser? parser = null)
    {
        var validator = new InputValidator<BatchRow>((parser ?? Parser()).Parse);
        await foreach (var row in validator.ReadAsync(stream, TestContext.Current.CancellationToken))
            rows?.Add(row with { Line = row.Line.ToArray() }); // It is valid until the next row only.
        return validator.Report;
    }
}
