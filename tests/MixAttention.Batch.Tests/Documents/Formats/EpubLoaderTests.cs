using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Documents.Formats;

public sealed class EpubLoaderTests
{
    private const string One = "<?xml version='1.0'?><!DOCTYPE html><html><head><title/><script src='x'/></head><body><a id='top'/><h1>One</h1><p>First&nbsp;chapter.</p></body></html>";
    private const string Two = "<html><head><title>Two</title></head><body><h1>Two</h1><div hidden='hidden'/><p>Second chapter.</p></body></html>";

    [Fact]
    public void Chapters_come_in_reading_order_without_the_table_of_contents() =>
        Assert.Equal("# A Book & More\n\n# One\n\nFirst chapter.\n\n# Two\n\nSecond chapter.", Loading.Text("a.epub", SampleZip.Epub(One, Two)));

    [Fact]
    public void Protected_book_is_named_as_such()
    {
        const string Encryption = "<encryption><CipherReference URI='book/text/two.xhtml'/></encryption>";
        Loading.Refuses("document_undecodable", "is protected (DRM)", "a.epub", SampleZip.Epub(One, Two, ("META-INF/encryption.xml", Encryption)));
    }

    [Fact]
    public void Book_with_protected_fonts_is_read()
    {
        const string Encryption = "<encryption><CipherReference URI='book/fonts/a.otf'/></encryption>";
        Assert.Contains("Second chapter.", Loading.Text("a.epub", SampleZip.Epub(One, Two, ("META-INF/encryption.xml", Encryption))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unsupported_media_type", "is an archive but no electronic book", "other.txt", "")]
    [InlineData("document_undecodable", "names no book inside", "META-INF/container.xml", "<container/>")]
    [InlineData("document_undecodable", "lacks its part book.opf", "META-INF/container.xml", "<container><rootfile full-path='book.opf'/></container>")]
    [InlineData("document_undecodable", "is damaged (", "META-INF/container.xml", "<container")]
    public void Damaged_book_is_refused(string code, string message, string name, string text) => Loading.Refuses(code, message, "a.epub", SampleZip.Of((name, text)));

    [Theory]
    [InlineData("../../../etc/passwd", "etc/passwd")]
    [InlineData("/text/../a.xhtml", "a.xhtml")]
    [InlineData("./a//b.xhtml", "book/a/b.xhtml")]
    public void Name_of_a_part_leads_nowhere_but_into_the_archive(string target, string expected) =>
        Assert.Equal(expected, Batch.Documents.Formats.ZipParts.Resolve("book/content.opf", target));
}
