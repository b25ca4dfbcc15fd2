using System.Text;
using MixAttention.Batch.Inputs;

namespace MixAttention.Batch.Tests.Inputs;

public sealed class DocumentRowParserTests
{
    [Fact]
    public void Line_is_a_document_with_its_other_texts_and_numbers()
    {
        var parsed = Parse("""{"id":"d1","text":" Ünder.\n","title":"T \u00e9","year":2.50,"tags":["a"],"draft":true,"note":null}""");
        Assert.Null(parsed.Error);
        Assert.Equal(("d1", "d1", " Ünder.\n"), (parsed.Id, parsed.Content!.Id, parsed.Content.Text));
        Assert.Equal([new("title", "T é"), new("year", "2.50")], parsed.Content.Metadata);
    }

    [Fact]
    public void Fields_may_have_other_names()
    {
        var parsed = Parse("""{"doc":"d1","body":"Text.","id":"x"}""", new DocumentFields("doc", "body"));
        Assert.Equal(("d1", "Text.", "x"), (parsed.Id, parsed.Content?.Text, parsed.Content?.Metadata["id"]));
    }

    [Theory]
    [InlineData("""{"id":"d"}""", "invalid_request", "text is missing. Give the document's text, or name its field with --text-field.")]
    [InlineData("""{"id":"d","text":["a"]}""", "invalid_request", "text is [\"a\"]. Give a text.")]
    [InlineData("""{"id":"d","text":" \n"}""", "document_empty", "text holds no text. Remove the line.")]
    public void Text_that_cannot_be_used_fails_its_row(string line, string code, string message)
    {
        var parsed = Parse(line);
        Assert.Equal(("d", code, null), (parsed.Id, parsed.Error?.Code, parsed.Content));
        Assert.StartsWith(message, parsed.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"text":"a"}""", "invalid_request")]
    [InlineData("""{"id":7,"text":"a"}""", "invalid_request")]
    [InlineData("""{"id":"d","text":"a","text":"b"}""", "invalid_json")]
    [InlineData("text", "invalid_json")]
    public void Line_without_a_sound_id_is_the_files_fault(string line, string code) => Assert.Equal((null, code), (Parse(line).Id, Parse(line).Error?.Code));

    [Fact]
    public void Digest_is_that_of_the_text_and_its_fields_whatever_the_id()
    {
        string? digest = Parse("""{"id":"a","text":"t","n":1}""").Sha256;
        Assert.Equal(digest, Parse("""{"n":1,"text":"t","id":"b"}""").Sha256);
        Assert.NotEqual(digest, Parse("""{"id":"a","text":"t","n":2}""").Sha256);
    }

    private static ParsedRow<DocumentRow> Parse(string line, DocumentFields? fields = null) => new DocumentRowParser(fields ?? new DocumentFields()).Parse(Encoding.UTF8.GetBytes(line));
}
