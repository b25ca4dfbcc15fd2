using System.Globalization;
using System.Text.RegularExpressions;

namespace MixAttention.Batch.Cli.Options;

/// <summary>Reads sizes as people write them: 4GiB (1024³), 56.9GB (1000³), 512MB, plain bytes.</summary>
internal static partial class ByteSizeParser
{
    /// <summary>Reads a size.</summary>
    /// <returns>False when the text is no size or not a positive whole number of bytes that fits a long.</returns>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var match = SizePattern().Match(text);
        if (!match.Success || !decimal.TryParse(match.Groups["number"].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
            return false;

        // One letter alone (4G) means the binary unit, as in Kubernetes' Gi and Java's -Xmx.
        bool isDecimal = match.Groups["suffix"].Value.Equals("B", StringComparison.OrdinalIgnoreCase);
        int power = match.Groups["unit"].Success ? " KMGT".IndexOf(char.ToUpperInvariant(match.Groups["unit"].Value[0])) : 0;
        decimal unit = 1;
        for (int i = 0; i < power; i++)
            unit *= isDecimal ? 1000 : 1024;
        if (number > long.MaxValue / unit || number * unit < 1)
            return false;
        bytes = (long)(number * unit);
        return true;
    }

    [GeneratedRegex(@"^\s*(?<number>\d+(\.\d+)?)\s*((?<unit>[KMGT])(?<suffix>iB|B|i)?|(?<suffix>B))?\s*$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex SizePattern();
}
