using System.Globalization;

namespace MixAttention.Engine.KvCache;

/// <summary>Writes numbers of bytes for people.</summary>
public static class ByteSize
{
    private const long Mebibyte = 1 << 20;

    /// <summary>Formats with decimal units and three digits, such as <c>56.9 GB</c>.</summary>
    public static string Format(long bytes)
    {
        string[] units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
        int unit = 0;
        double value = bytes;
        // 999.5 would round to 1000 of the smaller unit.
        for (; value >= 999.5 && unit < units.Length - 1; unit++)
            value /= 1000;
        string format = unit == 0 || value >= 99.95 ? "F0" : value >= 9.995 ? "F1" : "F2";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {units[unit]}";
    }

    /// <summary>Formats the next whole number of MiB as options take it, such as <c>118MiB</c>.</summary>
    public static string RoundUpToOption(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{(bytes + Mebibyte - 1) / Mebibyte}MiB");
}
