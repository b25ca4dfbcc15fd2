using System.Buffers;

namespace MixAttention.Batch.Store;

/// <summary>Says which names artifacts may have: names that mean the same in a folder, in a blob container and in a message, and never lead out of either.</summary>
/// <remarks>
/// Segments of ASCII letters, digits, <c>_</c>, <c>-</c> and <c>.</c>, separated by single slashes. A segment neither begins nor ends with a dot: the former are a
/// store's own files, the latter are not told apart everywhere.
/// </remarks>
public static class ArtifactName
{
    /// <summary>The most characters of a name.</summary>
    public const int MaxLength = 512;

    /// <summary>The most characters of a segment.</summary>
    public const int MaxSegmentLength = 128;

    private const string Rule = "Use segments of A-Z, a-z, 0-9, '_', '-' and '.' that neither begin nor end with a dot, separated by single slashes";

    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    /// <summary>Tells whether a name may be an artifact's.</summary>
    public static bool IsValid(string? name)
    {
        if (string.IsNullOrEmpty(name) || name.Length > MaxLength)
            return false;
        foreach (var range in name.AsSpan().Split('/'))
        {
            if (!IsValidSegment(name.AsSpan(range)))
                return false;
        }

        return true;
    }

    /// <summary>Tells whether a text may be one segment of a name.</summary>
    public static bool IsValidSegment(ReadOnlySpan<char> segment) =>
        segment.Length is > 0 and <= MaxSegmentLength && segment[0] != '.' && segment[^1] != '.' && !segment.ContainsAnyExcept(Allowed);

    /// <summary>Refuses a name that no artifact may have.</summary>
    /// <exception cref="ArgumentException">The name is not allowed.</exception>
    public static void Check(string name)
    {
        if (!IsValid(name))
            throw new ArgumentException($"'{Shorten(name)}' cannot name an artifact. {Rule}, {MaxLength} characters in all and {MaxSegmentLength} a segment at most.", nameof(name));
    }

    /// <summary>Refuses a prefix with which no artifact's name can begin.</summary>
    /// <exception cref="ArgumentException">The prefix is not allowed.</exception>
    public static void CheckPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        // A prefix is what a name leaves when it is cut anywhere, so one more letter makes a name of it.
        if (prefix.Length > 0 && !IsValid(prefix + "x"))
            throw new ArgumentException($"No artifact's name begins with '{Shorten(prefix)}'. {Rule}.", nameof(prefix));
    }

    private static string? Shorten(string? name) => name?.Length > 100 ? $"{name[..100]}…" : name;
}
