using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Wordprocessing;
using MixAttention.Batch.Tests.Support;
using static MixAttention.Batch.Tests.Support.SampleZip;

namespace MixAttention.Batch.Tests.Documents.Formats;

public sealed class DocxLoaderTests
{
    [Fact]
    public void Document_written_by_the_office_library_comes_out_in_order()
    {
        const string Expected = """
            # Report

            ## Findings

            Plain bold text.
            Next line.

            - first
            - second

            Name | Value
            x | 1

            After the table.

            A footnote.
            """;
        Assert.Equal(Expected.ReplaceLineEndings("\n"), Loading.Text("a.docx", Written()));
    }

    [Theory]
    [InlineData("<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>", "new")]
    [InlineData("<w:p><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom><w:moveTo><w:r><w:t>moved</w:t></w:r></w:moveTo></w:p>", "moved")]
    [InlineData("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>shown</w:t></w:r></w:p>", "shown")]
    [InlineData("<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr><w:r><w:t>shown</w:t></w:r></w:p>", "shown")]
    [InlineData("<w:p><w:pPr><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r></w:p>", "a b")]
    [InlineData("<w:p><w:pPr><w:outlineLvl w:val='2'/></w:pPr><w:r><w:t>deep</w:t></w:r></w:p>", "### deep")]
    [InlineData("<w:p><w:r><w:instrText>PAGE</w:instrText><w:t>4</w:t></w:r></w:p><w:p/><w:p><w:r><w:t/></w:r></w:p>", "4")]
    [InlineData("<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc><w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr></w:tbl>", "a b |  | c")]
    public void Words_markup_is_understood(string body, string expected) => Assert.Equal(expected, Loading.Text("a.docx", Docx(body)));

    [Fact]
    public void Fault_35_entities_are_refused()
    {
        string bomb = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>""" + DocxXml(Paragraph("&b;"))["<?xml version=\"1.0\" encoding=\"UTF-8\"?>".Length..];
        Loading.Refuses("document_undecodable", "is damaged (", "a.docx", DocxOfPart(bomb));
        string leak = """<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>""" + DocxXml(Paragraph("&f;"))["<?xml version=\"1.0\" encoding=\"UTF-8\"?>".Length..];
        Loading.Refuses("document_undecodable", "is damaged (", "a.docx", DocxOfPart(leak));
    }

    [Fact]
    public void Fault_35_deep_nesting_is_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("<w:sdt>", 100_000)) + string.Concat(Enumerable.Repeat("</w:sdt>", 100_000));
        Loading.Refuses("document_too_large", "is nested deeper than the 256 levels", "a.docx", Docx(deep));
    }

    [Fact]
    public void Archive_of_another_kind_is_refused()
    {
        Loading.Refuses("unsupported_media_type", "is an archive but no Word document", "a.docx", Of(("readme.txt", "text")));
        Loading.Refuses("unsupported_media_type", "is an archive but no Word document", "a.docx", DocxOfPart("<workbook/>"));
    }

    private static byte[] Written()
    {
        using var stream = new MemoryStream();
        using (var document = WordprocessingDocument.Create(stream, WordprocessingDocumentType.Document))
        {
            var main = document.AddMainDocumentPart();
            var styles = main.AddNewPart<StyleDefinitionsPart>();
            styles.Styles = new Styles(
                new Style(new StyleName { Val = "Title" }) { StyleId = "Titel", Type = StyleValues.Paragraph },
                new Style(new StyleName { Val = "heading 2" }) { StyleId = "berschrift2", Type = StyleValues.Paragraph },
                new Style(new StyleName { Val = "Our Heading" }, new BasedOn { Val = "berschrift2" }) { StyleId = "Own", Type = StyleValues.Paragraph });
            var notes = main.AddNewPart<FootnotesPart>();
            notes.Footnotes = new Footnotes(new Footnote(new Paragraph(new Run(new Text("A footnote.")))) { Id = 1 });
            main.Document = new Document(new Body(
                Styled("Titel", "Report"),
                Styled("Own", "Findings"),
                new Paragraph(new Run(new Text("Plain ") { Space = SpaceProcessingModeValues.Preserve }), new Run(new RunProperties(new Bold()), new Text("bold")), new Run(new Text(" text.") { Space = SpaceProcessingModeValues.Preserve }, new Break(), new Text("Next line."))),
                Item("first"),
                Item("second"),
                new Table(Row("Name", "Value"), Row("x", "1")),
                new Paragraph(new Run(new Text("After the table.")))));
        }

        return stream.ToArray();
    }

    private static Paragraph Styled(string style, string text) => new(new ParagraphProperties(new ParagraphStyleId { Val = style }), new Run(new Text(text)));

    private static Paragraph Item(string text) =>
        new(new ParagraphProperties(new NumberingProperties(new NumberingLevelReference { Val = 0 }, new NumberingId { Val = 1 })), new Run(new Text(text)));

    private static TableRow Row(params string[] cells) => new(cells.Select(c => new TableCell(new Paragraph(new Run(new Text(c))))));
}
