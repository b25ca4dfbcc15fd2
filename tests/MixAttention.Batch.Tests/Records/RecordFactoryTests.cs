using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Records;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Records;

public sealed class RecordFactoryTests
{
    private static readonly BatchRequest Request = new(4, "sub/a.txt#q2", new DocumentEntry(2, "sub/a.txt", null, 0), 1, "texts/sub/a.txt.q2.txt");

    private static readonly ParsedRow<BatchRow> Chat = Row(BatchEndpoint.ChatCompletions);

    private static readonly ParsedRow<BatchRow> Completion = Row(BatchEndpoint.Completions);

    private static readonly GenerationResult Result = new()
    {
        CustomId = "sub/a.txt#q2",
        TokenIds = [5, 6],
        Text = "Größe \"1\"\n\u2028<b>",
        FinishReason = FinishReason.Stop,
        PromptTokens = 10,
        CompletionTokens = 3,
    };

    [Fact]
    public void Success_is_openais_envelope_and_one_key()
    {
        string line = Line(Factory().Success(Request, "d1", Result));
        Assert.Matches("""^{"id":"res_([0-9a-f]{32})","custom_id":"sub/a.txt#q2","response":{"status_code":200,"request_id":"req_\1","body":{"id":"chatcmpl-\1","object":"chat.completion","created":7,"model":"demo","choices":\[{"index":0,"message":{"role":"assistant","content":"Größe """.TrimEnd(), line);
        var root = JsonDocument.Parse(line).RootElement;
        var body = root.GetProperty("response").GetProperty("body");
        Assert.Equal(Result.Text, body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.False(body.GetProperty("choices")[0].TryGetProperty("logprobs", out _));
        Assert.Equal("""{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13}""", body.GetProperty("usage").GetRawText());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("error").ValueKind);
        Assert.Equal("""{"row":4,"doc_sha256":"d1","fingerprint":"f1","deduped_from":null,"text":"texts/sub/a.txt.q2.txt"}""", root.GetProperty("x_batch").GetRawText());
    }

    [Fact]
    public void Failure_has_an_error_and_no_response()
    {
        var root = JsonDocument.Parse(Line(Factory().Failure(Request, null, new GenerationError("document_empty", "Nothing in it.")))).RootElement;
        Assert.Equal(JsonValueKind.Null, root.GetProperty("response").ValueKind);
        Assert.Equal("""{"code":"document_empty","message":"Nothing in it."}""", root.GetProperty("error").GetRawText());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("x_batch").GetProperty("text").ValueKind);
    }

    [Fact]
    public void Logprobs_have_openais_shape()
    {
        var result = Result with
        {
            FinishReason = FinishReason.Length,
            Logprobs = [new TokenLogprobs(new TokenLogprob(65, -0.5f), [new TokenLogprob(65, -0.5f), new TokenLogprob(200, float.NegativeInfinity)])],
        };
        var choice = JsonDocument.Parse(Line(Factory().Success(Request, "d1", result))).RootElement.GetProperty("response").GetProperty("body").GetProperty("choices")[0];
        Assert.Equal("length", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(
            """{"content":[{"token":"A","logprob":-0.5,"bytes":[65],"top_logprobs":[{"token":"A","logprob":-0.5,"bytes":[65]},{"token":"�","logprob":-9999,"bytes":null}]}]}""",
            choice.GetProperty("logprobs").GetRawText());
    }

    [Fact]
    public void Ids_depend_on_custom_id_request_and_fingerprint_alone()
    {
        string id = Factory().Success(Request, "d1", Result).Id;
        Assert.Equal(id, Factory(created: 99).Success(Request with { Row = 9 }, "d1", Result with { Text = "other" }).Id);
        Assert.Equal(id, Factory().Failure(Request, "d1", new GenerationError("c", "m")).Id);
        Assert.NotEqual(id, Factory(fingerprint: "f2").Success(Request, "d1", Result).Id);
        Assert.NotEqual(id, Factory().Success(Request, "d2", Result).Id);
        Assert.NotEqual(id, Factory().Success(Request with { CustomId = "b" }, "d1", Result).Id);
        Assert.NotEqual(id, Factory().Success(Request with { InstructionIndex = 0 }, "d1", Result).Id);
    }

    [Fact]
    public void Chat_of_a_batch_file_has_the_envelope_of_documents_and_its_own_digest()
    {
        string line = WithoutIds(Line(Factory().Success(4, Chat, Result)));
        string document = WithoutIds(Line(Factory().Success(Request with { CustomId = "r1" }, "d1", Result)));
        Assert.Equal(document[..document.IndexOf("\"x_batch\"", StringComparison.Ordinal)], line[..line.IndexOf("\"x_batch\"", StringComparison.Ordinal)]);
        Assert.EndsWith(""","x_batch":{"row":4,"doc_sha256":null,"fingerprint":"f1","deduped_from":null,"text":null,"request_sha256":"s1"}}""", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Completion_is_openais_text_completion()
    {
        var result = Result with { FinishReason = FinishReason.Length, Text = "A", Logprobs = [new(new(65, -0.5f), [new(66, -0.25f)]), new(new(67, float.NegativeInfinity), [])] };
        var body = JsonDocument.Parse(Line(Factory().Success(4, Completion, result))).RootElement.GetProperty("response").GetProperty("body");
        Assert.Matches("^cmpl-[0-9a-f]{32}$", body.GetProperty("id").GetString());
        Assert.Equal("text_completion", body.GetProperty("object").GetString());
        Assert.Equal(
            """{"index":0,"finish_reason":"length","text":"A","logprobs":{"text_offset":[0,1],"token_logprobs":[-0.5,-9999],"tokens":["A","C"],"top_logprobs":[{"B":-0.25,"A":-0.5},{"C":-9999}]}}""",
            body.GetProperty("choices")[0].GetRawText());
    }

    [Fact]
    public void Failure_of_a_batch_file_has_the_id_of_its_success()
    {
        var error = new GenerationError("c", "m");
        var failed = Factory().Failure(4, Chat with { Content = null, Error = error }, error);
        Assert.Equal((Factory().Success(9, Chat, Result).Id, "r1", "s1"), (failed.Id, failed.CustomId, failed.XBatch.RequestSha256));
        Assert.NotEqual(failed.Id, Factory().Failure(4, Chat with { Sha256 = "s2" }, error).Id);
        Assert.NotEqual(failed.Id, Factory().Failure(4, Chat with { Id = "r2" }, error).Id);
        Assert.NotEqual(failed.Id, Factory(fingerprint: "f2").Failure(4, Chat, error).Id);
    }

    [Fact]
    public void Records_of_both_shapes_are_read_as_they_were_written()
    {
        foreach (var request in (ParsedRow<BatchRow>[])[Chat, Completion])
        {
            string line = Line(Factory().Success(4, request, Result with { Logprobs = [new(new(65, -0.5f), [new(66, -0.25f)])] }));
            Assert.Equal(line, Line(RecordJson.Read(Encoding.UTF8.GetBytes(line))!));
        }
    }

    private static ParsedRow<BatchRow> Row(BatchEndpoint endpoint) =>
        new("r1", "s1", new BatchRow { CustomId = "r1", Endpoint = endpoint, Sampling = new SamplingParams(), TakesRestOfContext = false }, null);

    private static string WithoutIds(string line) => Regex.Replace(line, "[0-9a-f]{32}", "");

    private static RecordFactory Factory(string fingerprint = "f1", long created = 7) =>
        new(fingerprint, ["first", "second"], "demo", created, id => id < 128 ? ((char)id).ToString() : "\uFFFD");

    private static string Line(ResultRecord record)
    {
        string line = Encoding.UTF8.GetString(RecordJson.Write(record));
        Assert.DoesNotContain('\n', line);
        return line;
    }
}
