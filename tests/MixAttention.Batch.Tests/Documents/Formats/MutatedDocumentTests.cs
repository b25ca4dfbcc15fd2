using System.Text;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Documents.Formats;

public sealed class MutatedDocumentTests
{
    private const string Page = "<html><head><title>T</title></head><body><h1>A</h1><table><tr><td>1<td>2</table><ul><li>x</ul><p hidden>h</p><pre>p</pre>&amp;&#x41;</body></html>";
    private static readonly string[] Codes = ["document_undecodable", "document_too_large", "document_empty", "unsupported_media_type"];
    private static readonly DocumentLimits Limits = new() { MaxInflatedBytes = 4 << 20 };

    public static TheoryData<string, Func<Random, byte[]>> Documents => new()
    {
        { "a.txt", random => Mutate(random, Encoding.Unicode.GetBytes("\ufeffSome words in two bytes each.")) },
        { "a.html", random => Mutate(random, Encoding.UTF8.GetBytes(Page)) },
        { "a.docx", random => Mutate(random, SampleZip.Docx(SampleZip.Paragraph("text"))) },
        { "b.docx", random => SampleZip.DocxOfPart(Encoding.UTF8.GetString(Mutate(random, Encoding.UTF8.GetBytes(SampleZip.DocxXml(SampleZip.Paragraph(new string('t', 2000))))))) },
        { "a.epub", random => Mutate(random, SampleZip.Epub(Page, Page)) },
        { "b.epub", random => SampleZip.Epub(Encoding.UTF8.GetString(Mutate(random, Encoding.UTF8.GetBytes(Page))), Page) },
        { "a.pdf", random => Mutate(random, SamplePdf.Of(SamplePdf.Line(72, 720, "text"), SamplePdf.Line(72, 720, "more"))) },
        { "b.pdf", random => Mutate(random, SamplePdf.Compressed(SamplePdf.Line(72, 720, "text"))) },
        { "c.pdf", random => Mutate(random, SamplePdf.Scan(2)) },
        { "d.pdf", random => Mutate(random, SamplePdf.Encrypted()) },
    };

    [Theory]
    [MemberData(nameof(Documents))]
    public void Fault_33_damaged_document_gives_text_or_a_documented_code(string name, Func<Random, byte[]> mutated)
    {
        for (int seed = 0; seed < 400; seed++)
        {
            byte[] bytes = mutated(new Random(seed));
            var (text, error) = Loading.Load(name, bytes, Limits);
            Assert.True(text is null ? Codes.Contains(error!.Code) : error is null && text.Length > 0, $"Seed {seed}: {error}");
        }
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Mutations_of_a_document_are_not_all_refused(string name, Func<Random, byte[]> mutated) =>
        Assert.True(name == "c.pdf" || name == "d.pdf" || Enumerable.Range(0, 60).Any(seed => Loading.Load(name, mutated(new Random(seed)), Limits).Text is not null));

    private static byte[] Mutate(Random random, byte[] bytes)
    {
        var mutated = bytes.ToList();
        for (int changes = random.Next(1, 6); changes > 0; changes--)
        {
            int at = random.Next(mutated.Count);
            int length = Math.Min(random.Next(1, 40), mutated.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    mutated[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    mutated[at] = (byte)random.Next(256);
                    break;
                case 2 when mutated.Count > length:
                    mutated.RemoveRange(at, length);
                    break;
                case 3:
                    mutated.InsertRange(random.Next(mutated.Count), mutated.GetRange(at, length));
                    break;
                case 4 when changes == 1 && at > 0:
                    mutated.RemoveRange(at, mutated.Count - at);
                    break;
            }
        }

        return [.. mutated];
    }
}
