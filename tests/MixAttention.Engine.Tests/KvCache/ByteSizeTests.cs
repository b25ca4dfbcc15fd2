using MixAttention.Engine.KvCache;

namespace MixAttention.Engine.Tests.KvCache;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(999, "999 bytes")]
    [InlineData(1000, "1.00 kB")]
    [InlineData(999_499, "999 kB")]
    [InlineData(999_500, "1.00 MB")]
    [InlineData(61_700_000, "61.7 MB")]
    [InlineData(56_900_000_000, "56.9 GB")]
    [InlineData(110_900_000, "111 MB")]
    [InlineData(long.MaxValue, "9223 PB")]
    public void Bytes_are_written_with_three_digits(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));

    [Theory]
    [InlineData(1, "1MiB")]
    [InlineData(1 << 20, "1MiB")]
    [InlineData((1 << 20) + 1, "2MiB")]
    public void An_option_is_rounded_up(long bytes, string text) => Assert.Equal(text, ByteSize.RoundUpToOption(bytes));
}
