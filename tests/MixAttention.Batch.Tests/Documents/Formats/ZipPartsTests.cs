using MixAttention.Batch.Documents;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Documents.Formats;

public sealed class ZipPartsTests
{
    [Fact]
    public void Fault_35_archive_that_unpacks_to_too_much_is_refused()
    {
        byte[] bomb = SampleZip.Docx(SampleZip.Paragraph(new string('x', 2_000_000)));
        Loading.Refuses("document_too_large", "unpacks to more than 1.00 MB", "a.docx", bomb, new DocumentLimits { MaxInflatedBytes = 1_000_000 });
    }

    [Fact]
    public void Fault_35_archive_that_unpacks_to_too_many_times_its_length_is_refused()
    {
        byte[] bomb = SampleZip.Docx(SampleZip.Paragraph(new string('x', 17 << 20)));
        Assert.InRange(bomb.Length, 0, (16 << 20) / 200);
        Loading.Refuses("document_too_large", "unpacks to more than 16.8 MB", "a.docx", bomb);
    }

    [Fact]
    public void Fault_35_archive_of_too_many_entries_is_refused()
    {
        byte[] bomb = SampleZip.Of([.. Enumerable.Range(0, 30).Select(i => ($"{i}", ""))]);
        Loading.Refuses("document_too_large", "is an archive of 30 entries, and 20 are allowed", "a.epub", bomb, new DocumentLimits { MaxEntries = 20 });
    }

    [Fact]
    public void Parts_without_text_are_not_unpacked()
    {
        byte[] bytes = SampleZip.Epub("<p>One</p>", "<p>Two</p>", ("book/cover.png", new string('x', 2_000_000)));
        Assert.NotNull(Loading.Load("a.epub", bytes, new DocumentLimits { MaxInflatedBytes = 1_000_000 }).Text);
    }

    [Theory]
    [InlineData("a.docx", "is no ZIP archive, so it is no Word document (.docx)")]
    [InlineData("a.epub", "is no ZIP archive, so it is no electronic book (.epub)")]
    [InlineData("a.pdf", "is no PDF")]
    public void Name_that_belies_the_bytes_is_refused(string name, string message) => Loading.Refuses("unsupported_media_type", message, name, "Just some text."u8.ToArray());

    [Fact]
    public void Document_behind_a_password_is_named_as_such() =>
        Loading.Refuses("unsupported_media_type", "is protected by a password or of an older format", "a.docx", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
}
