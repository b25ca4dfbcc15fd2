using MixAttention.Batch.Cli.Options;

namespace MixAttention.Batch.Cli.Tests.Options;

public sealed class ByteSizeParserTests
{
    [Theory]
    [InlineData("4GiB", 4L << 30)]
    [InlineData("4G", 4L << 30)]
    [InlineData("4gi", 4L << 30)]
    [InlineData("512MB", 512_000_000L)]
    [InlineData("56.9GB", 56_900_000_000L)]
    [InlineData("0.5 KiB", 512L)]
    [InlineData("1TiB", 1L << 40)]
    [InlineData("1000", 1000L)]
    [InlineData("1000B", 1000L)]
    public void Size_as_people_write_it_is_read(string text, long bytes)
    {
        Assert.True(ByteSizeParser.TryParse(text, out long found));
        Assert.Equal(bytes, found);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1GiB")]
    [InlineData("4 parsecs")]
    [InlineData("1e9")]
    [InlineData("0x10")]
    [InlineData("99999999999TiB")]
    [InlineData("99999999999999999999999999999999")]
    public void Text_that_is_no_size_is_refused(string text) => Assert.False(ByteSizeParser.TryParse(text, out _));
}
