using MixAttention.Batch.Documents;
using MixAttention.Batch.Tests.Support;
using static MixAttention.Batch.Tests.Support.SamplePdf;

namespace MixAttention.Batch.Tests.Documents.Formats;

public sealed class PdfLoaderTests
{
    [Fact]
    public void Letters_become_words_lines_and_paragraphs()
    {
        string page = Line(72, 720, "First line of") + Line(72, 706, "a paragraph.") + Line(72, 660, "Name") + Line(200, 660, "Value") + Line(72, 646, "x") + Line(200, 646, "1");
        Assert.Equal("First line of\na paragraph.\n\nName  Value\nx  1\n\nSecond page.", Loading.Text("a.pdf", Of(page, Line(72, 720, "Second page."))));
    }

    [Fact]
    public void Words_are_told_apart_by_distance_where_no_space_is_drawn() =>
        Assert.Equal("Two words", Loading.Text("a.pdf", Of("BT /F1 12 Tf 72 720 Td [(T) 20 (wo) -200 (w) 30 (ords)] TJ ET")));

    [Fact]
    public void Second_column_starts_a_paragraph_and_turned_text_is_read() =>
        Assert.Equal("left one\nleft two\n\nright one\n\nturned text", Loading.Text("a.pdf", Of(
            Line(72, 720, "left one") + Line(72, 706, "left two") + Line(320, 720, "right one") + "BT /F1 12 Tf 0 1 -1 0 500 100 Tm (turned text) Tj ET")));

    [Fact]
    public void Compressed_page_is_read() => Assert.Equal("Packed.", Loading.Text("a.pdf", Compressed(Line(72, 720, "Packed."))));

    [Fact]
    public void Scan_is_named_as_such_with_its_cure() =>
        Loading.Refuses("document_empty", "holds pictures of 2 pages and no text: it is a scan. Recognize its text first, for example with ocrmypdf.", "a.pdf", Scan(2));

    [Fact]
    public void Encrypted_file_is_named_as_such_with_its_cure() =>
        Loading.Refuses("document_undecodable", "is encrypted with a password. Save a copy without it, for example with qpdf --decrypt.", "a.pdf", Encrypted());

    [Fact]
    public void Empty_page_holds_no_text() => Loading.Refuses("document_empty", "holds no text.", "a.pdf", Of(""));

    [Fact]
    public void Too_many_pages_are_refused() =>
        Loading.Refuses("document_too_large", "has 3 pages, and 2 are allowed.", "a.pdf", Of("", "", ""), new DocumentLimits { MaxPages = 2 });

    [Fact]
    public void Fault_35_stream_that_unpacks_to_too_much_is_refused() =>
        Loading.Refuses("document_too_large", "unpacks to more than 1.00 MB", "a.pdf", Compressed(new string(' ', 3_000_000)), new DocumentLimits { MaxInflatedBytes = 1_000_000 });

    [Fact]
    public void Fault_35_deep_objects_are_refused() =>
        Loading.Refuses("document_undecodable", "cannot be read as PDF", "a.pdf", Of(new string('[', 200_000) + new string(']', 200_000) + " TJ"));
}
