using System.Text;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Documents;

public sealed class DocumentReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, byte[]> Encodings => new()
    {
        { "plain UTF-8", Encoding.UTF8.GetBytes("Grüße 😀") },
        { "UTF-8 with mark", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("Grüße 😀")] },
        { "UTF-16", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("Grüße 😀")] },
        { "UTF-16 big-endian", [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes("Grüße 😀")] },
    };

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task Text_is_read_in_every_encoding_that_says_so(string name, byte[] bytes)
    {
        var document = await ReadAsync(bytes);
        Assert.Equal("Grüße 😀", document.Text);
        Assert.NotNull(name);
        Assert.Equal(64, document.Sha256!.Length);
    }

    public static TheoryData<string, byte[]> Bad => new()
    {
        { "document_empty", [] },
        { "document_empty", [0xEF, 0xBB, 0xBF] },
        { "document_empty", " \n\t\n"u8.ToArray() },
        { "document_undecodable", [0x61, 0xFF, 0x62] },
        { "document_undecodable", Encoding.Latin1.GetBytes("Grüße") },
        { "document_undecodable", "a\0b"u8.ToArray() },
        { "document_undecodable", [0xFF, 0xFE, 0x61] },
        { "document_undecodable", [0xFF, 0xFE, 0x00, 0xD8, 0x61, 0x00] },
        { "document_undecodable", [0xFF, 0xFE, 0x00, 0x00, 0x61, 0x00, 0x00, 0x00] },
        { "document_too_large", new byte[101] },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Bad_document_is_an_answer_with_a_code_fault_34(string code, byte[] bytes)
    {
        var document = await ReadAsync(bytes);
        Assert.Null(document.Text);
        Assert.Equal(code, document.Error!.Code);
        Assert.StartsWith("a.txt ", document.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Document_that_grew_past_the_limit_is_refused()
    {
        string path = _folder.Write("a.txt", new string('x', 500));
        var document = await Reader().ReadAsync(new DocumentEntry(0, "a.txt", path, 10), TestContext.Current.CancellationToken);
        Assert.Equal("document_too_large", document.Error!.Code);
    }

    [Fact]
    public async Task Other_types_are_refused()
    {
        string path = _folder.Write("a.xlsx", "text");
        var document = await Reader().ReadAsync(new DocumentEntry(0, "a.xlsx", path, 4), TestContext.Current.CancellationToken);
        Assert.Equal("unsupported_media_type", document.Error!.Code);
        Assert.Contains("(.txt, .md, .html, .htm, .docx, .epub, .pdf)", document.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_that_has_gone_is_a_storage_error()
    {
        var document = await Reader().ReadAsync(new DocumentEntry(0, "a.txt", _folder["a.txt"], 4), TestContext.Current.CancellationToken);
        Assert.Equal("storage_error", document.Error!.Code);
    }

    [Fact]
    public async Task Standard_input_is_read_to_its_end()
    {
        var document = await Reader("from a pipe").ReadAsync(new DocumentEntry(0, "stdin", null, 0), TestContext.Current.CancellationToken);
        Assert.Equal("from a pipe", document.Text);
    }

    [Fact]
    public async Task Standard_input_larger_than_the_limit_is_refused()
    {
        var document = await Reader(new string('x', 101)).ReadAsync(new DocumentEntry(0, "stdin", null, 0), TestContext.Current.CancellationToken);
        Assert.Equal("document_too_large", document.Error!.Code);
    }

    private Task<Document> ReadAsync(byte[] bytes) =>
        Reader().ReadAsync(new DocumentEntry(0, "a.txt", _folder.Write("a.txt", bytes), bytes.Length), TestContext.Current.CancellationToken);

    private static DocumentReader Reader(string standardInput = "") => new(100, (_, _) => Task.FromResult<Stream>(new MemoryStream(Encoding.UTF8.GetBytes(standardInput))));
}
