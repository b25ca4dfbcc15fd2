using MixAttention.Batch.Cli.Options;

namespace MixAttention.Batch.Cli.Tests.Options;

public sealed class TimeParserTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("1.5h", 5400)]
    [InlineData("30m", 1800)]
    [InlineData("7d", 604800)]
    [InlineData("0s", 0)]
    public void Span_is_a_number_and_a_unit(string text, double seconds)
    {
        Assert.True(TimeParser.TryParseSpan(text, out var span));
        Assert.Equal(TimeSpan.FromSeconds(seconds), span);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5w")]
    [InlineData("1e3s")]
    [InlineData("10001d")]
    public void Anything_else_is_no_span(string text) => Assert.False(TimeParser.TryParseSpan(text, out _));

    [Theory]
    [InlineData("2026-01-31T12:00:00Z", 1769860800)]
    [InlineData("2026-01-31", 1769817600)]
    [InlineData("1769817600", 1769817600)]
    public void Time_is_iso_or_seconds(string text, long seconds)
    {
        Assert.True(TimeParser.TryParseTime(text, out var time));
        Assert.Equal(seconds, time.ToUnixTimeSeconds());
    }

    [Theory]
    [InlineData("noon")]
    [InlineData("99999999999999")]
    public void Anything_else_is_no_time(string text) => Assert.False(TimeParser.TryParseTime(text, out _));
}
