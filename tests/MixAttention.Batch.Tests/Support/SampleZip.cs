using System.IO.Compression;
using System.Text;

namespace MixAttention.Batch.Tests.Support;

/// <summary>Makes archives, and the documents that are archives.</summary>
internal static class SampleZip
{
    private const string Container = """<?xml version="1.0"?><container><rootfiles><rootfile full-path="book/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>""";

    private const string DocxRelations =
        """<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>""";

    public static byte[] Of(params (string Name, string Text)[] entries)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in entries)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return stream.ToArray();
    }

    /// <summary>A Word document of which only the body's XML is given.</summary>
    public static byte[] Docx(string body) => Of(("_rels/.rels", DocxRelations), ("word/document.xml", DocxXml(body)));

    public static byte[] DocxOfPart(string document) => Of(("_rels/.rels", DocxRelations), ("word/document.xml", document));

    public static string DocxXml(string body) =>
        $"""<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>""";

    public static string Paragraph(string text) => $"""<w:p><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>""";

    /// <summary>A book of two chapters that are listed in the other order than they are read.</summary>
    public static byte[] Epub(string first, string second, params (string Name, string Text)[] more) => Of(
    [
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", Container),
        ("book/content.opf", """
            <package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A Book &amp; More</dc:title></metadata>
            <manifest>
              <item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/>
              <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
              <item id="one" href="text/chapter%20one.xhtml" media-type="application/xhtml+xml"/>
              <item id="cover" href="cover.png" media-type="image/png"/>
            </manifest>
            <spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/></spine></package>
            """),
        ("book/nav.xhtml", "<html><body><a href='text/two.xhtml'>Table of contents</a></body></html>"),
        ("book/text/chapter one.xhtml", first),
        ("book/text/two.xhtml", second),
        .. more,
    ]);
}
