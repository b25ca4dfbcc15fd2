using System.Text;
using MixAttention.Batch.Inputs;

namespace MixAttention.Batch.Tests.Inputs;

public sealed class InputFormatsTests
{
    [Theory]
    [InlineData("""{"custom_id":"a","method":"GET","url":"/x","body":{}}""", InputFormat.OpenAIBatch)]
    [InlineData("""{"custom_id":"a","body":{},"id":"b","text":"c"}""", InputFormat.OpenAIBatch)]
    [InlineData("""{"id":"b","text":"c","custom_id":"a"}""", InputFormat.Documents)]
    [InlineData("\n  \r\n{\"id\":5,\"text\":null}\n?", InputFormat.Documents)]
    [InlineData("{\"custom\":1}\n?\n{\"url\":\"/x\",\"body\":{}}", InputFormat.OpenAIBatch)]
    [InlineData("", InputFormat.OpenAIBatch)]
    public async Task First_line_that_can_tells_what_a_file_is(string file, InputFormat format) => Assert.Equal(format, await DetectAsync(file));

    [Theory]
    [InlineData("\n{\"custom_id\":\"a\"}", "in.jsonl, line 2, is neither a request of an OpenAI batch file (custom_id and body) nor a document (id and text). Correct it,")]
    [InlineData("[1]", "in.jsonl, line 1, is neither")]
    [InlineData("id,text", "nor a document (id and text). The line is not valid JSON (byte 1 of the line):")]
    public async Task File_that_is_neither_is_refused(string file, string message)
    {
        var failure = await Assert.ThrowsAsync<BatchException>(() => DetectAsync(file));
        Assert.Equal(FailureKind.Usage, failure.Kind);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("name the fields with --id-field and --text-field, or say what it is with --format.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fields_of_documents_may_have_other_names() =>
        Assert.Equal(InputFormat.Documents, await DetectAsync("""{"doc":"a","content":"b"}""", new DocumentFields("doc", "content")));

    private static Task<InputFormat> DetectAsync(string file, DocumentFields? fields = null) =>
        InputFormats.DetectAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)), "in.jsonl", fields ?? new DocumentFields(), cancellationToken: TestContext.Current.CancellationToken);
}
