using System.Globalization;

namespace MixAttention.Batch.Cli.Display;

/// <summary>Writes numbers of things for people: 1 document, 1,200 documents.</summary>
internal static class Quantity
{
    /// <param name="number">How many.</param>
    /// <param name="one">What one of them is called.</param>
    /// <param name="many">What several are called; with an s unless given.</param>
    public static string Of(long number, string one, string? many = null) => $"{Of(number)} {(number == 1 ? one : many ?? one + "s")}";

    /// <summary>Writes a number alone: 1,200.</summary>
    public static string Of(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
