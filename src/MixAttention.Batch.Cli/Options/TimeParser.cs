using System.Globalization;
using System.Text.RegularExpressions;

namespace MixAttention.Batch.Cli.Options;

/// <summary>Reads times and spans of time as people write them.</summary>
internal static partial class TimeParser
{
    /// <summary>Reads a time: ISO 8601, or seconds since 1970.</summary>
    public static bool TryParseTime(string text, out DateTimeOffset time)
    {
        time = default;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
        if (seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            return false;
        time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    /// <summary>Reads a span: a number and one of s, m, h, d, such as 90s or 1.5h; at most 10,000 days.</summary>
    public static bool TryParseSpan(string text, out TimeSpan span)
    {
        span = default;
        var match = SpanPattern().Match(text);
        if (!match.Success)
            return false;
        double unit = match.Groups["unit"].Value switch { "s" => 1, "m" => 60, "h" => 3600, _ => 86400 };
        double seconds = double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) * unit;
        if (seconds > 10_000d * 86400)
            return false;
        span = TimeSpan.FromSeconds(seconds);
        return true;
    }

    [GeneratedRegex(@"^(?<number>\d{1,9}(\.\d{1,9})?)(?<unit>[smhd])$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex SpanPattern();
}
