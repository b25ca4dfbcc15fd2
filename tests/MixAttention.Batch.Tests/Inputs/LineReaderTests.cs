using System.Text;
using CsCheck;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Inputs;

public sealed class LineReaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a", "1@0:a")]
    [InlineData("a\n", "1@0:a")]
    [InlineData("a\nb", "1@0:a 2@2:b")]
    [InlineData("a\r\nb\r\n", "1@0:a 2@3:b")]
    [InlineData("\n \t\r\n\na\n\n", "4@6:a")]
    [InlineData("\uFEFFa\nb", "1@3:a 2@5:b")]
    [InlineData("\uFEFF\nb", "2@4:b")]
    [InlineData("  a \n", "1@0:  a ")]
    [InlineData("a\rb\n", "1@0:a\rb")]
    [InlineData("é\nb", "1@0:é 2@3:b")]
    public async Task Line_has_number_offset_and_bytes(string text, string expected)
    {
        foreach (int blockBytes in (int[])[1, 2, 1000])
            Assert.Equal(expected, string.Join(' ', await ReadAsync(Encoding.UTF8.GetBytes(text), blockBytes)));
    }

    [Fact]
    public async Task Long_line_is_reported_and_the_next_one_read()
    {
        byte[] bytes = Encoding.UTF8.GetBytes($"short\n{new string('x', 300_000)}\nnext\n{new string('y', 101)}");
        foreach (int blockBytes in (int[])[7, 100_000, 1_000_000])
        {
            string[] lines = await ReadAsync(bytes, blockBytes, maxLineBytes: 100);
            Assert.Equal(["1@0:short", "2@6:invalid_request", "3@300007:next", "4@300012:invalid_request"], lines);
        }
    }

    [Fact]
    public async Task Line_of_the_longest_length_is_taken() => Assert.Equal(["1@0:12345", "2@6:12345"], await ReadAsync("12345\n12345"u8.ToArray(), 2, maxLineBytes: 5));

    [Fact]
    public void Lines_are_those_of_the_text_however_it_arrives() =>
        Gen.Select(Gen.String[Gen.OneOf(Gen.Const('\n'), Gen.Const('\r'), Gen.Char['a', 'c']), 0, 200], Gen.Int[1, 70]).Sample((text, blockBytes) =>
        {
            var expected = text.Split('\n').Select((line, i) => $"{i + 1}:{line.TrimEnd('\r')}").Where(line => line.Split(':')[1].Trim().Length > 0);
            var lines = ReadAsync(Encoding.UTF8.GetBytes(text), blockBytes).GetAwaiter().GetResult().Select(line => $"{line.Split('@')[0]}:{line.Split(':')[1]}");
            Assert.Equal(expected, lines);
        }, seed: "0000000000001", iter: 2000);

    private static async Task<string[]> ReadAsync(byte[] bytes, int blockBytes, int maxLineBytes = LineReader.DefaultMaxLineBytes)
    {
        var lines = new List<string>();
        using var stream = new GeneratedStream([bytes], blockBytes);
        await foreach (var line in new LineReader(stream, maxLineBytes).ReadAllAsync(TestContext.Current.CancellationToken))
            lines.Add($"{line.Number}@{line.Offset}:{line.Error?.Code ?? Encoding.UTF8.GetString(line.Bytes.Span)}");
        return [.. lines];
    }
}
