using System.Text;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Documents.Formats;

public sealed class TextDecoderTests
{
    private const string Russian = "Это длинное предложение на русском языке, по которому легко понять кодировку документа. И ещё одно предложение.";
    private const string Japanese = "これは文字コードを判別するための長い日本語の文章です。もう一つの文章もあります。";

    public static TheoryData<string, byte[], string> Encoded => new()
    {
        { "windows-1251", CodePage(1251, Russian), Russian },
        { "KOI8-R", CodePage(20866, Russian), Russian },
        { "Shift-JIS", CodePage(932, Japanese), Japanese },
        { "EUC-JP", CodePage(51932, Japanese), Japanese },
        { "UTF-16 without mark", Encoding.Unicode.GetBytes("Plain words, naïve ones"), "Plain words, naïve ones" },
        { "UTF-16 big-endian without mark", Encoding.BigEndianUnicode.GetBytes("Plain words, naïve ones"), "Plain words, naïve ones" },
    };

    [Theory]
    [MemberData(nameof(Encoded))]
    public void Encoding_is_detected(string name, byte[] bytes, string expected)
    {
        Assert.NotEmpty(name);
        Assert.Equal(expected, Loading.Text("a.txt", bytes));
    }

    [Fact]
    public void Page_is_read_in_the_encoding_that_it_declares() =>
        Assert.Equal("çà et là", Loading.Text("a.html", Encoding.Latin1.GetBytes("<meta charset=iso-8859-15><p>çà et là")));

    [Theory]
    [InlineData("\ufeffText stays.\r\n\tAs it is  ", "Text stays.\r\n\tAs it is  ")]
    [InlineData("# Markdown *stays* <b>raw</b>\n", "# Markdown *stays* <b>raw</b>\n")]
    public void Plain_text_stays_as_it_is(string written, string expected)
    {
        Assert.Equal(expected, Loading.Text("a.txt", written));
        Assert.Equal(expected, Loading.Text("a.md", written));
    }

    [Theory]
    [InlineData(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 0, 0, 0, 13, 0xFF })]
    [InlineData(new byte[] { 0xC3, 0x28, 0x81, 0x8D, 0x01, 0x02, 0xFE, 0x90 })]
    public void Bytes_that_are_no_text_are_refused(byte[] bytes) => Loading.Refuses("document_undecodable", "", "a.txt", bytes);

    private static byte[] CodePage(int page, string text) => CodePagesEncodingProvider.Instance.GetEncoding(page)!.GetBytes(text); // Known pages.
}
