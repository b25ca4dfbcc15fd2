using System.Globalization;

namespace MixAttention.Batch.Cli.Benchmarking;

/// <summary>Hashes generated ids so that runs can be compared: FNV-1a, 64 bits, over little-endian 32-bit integers.</summary>
internal static class TokensHash
{
    /// <summary>Hashes the ids of all answers, in request order; hexadecimal.</summary>
    public static string Of(IEnumerable<IReadOnlyList<int>> answers)
    {
        ulong hash = 14695981039346656037;
        foreach (int id in answers.SelectMany(a => a))
        {
            for (int shift = 0; shift < 32; shift += 8)
                hash = unchecked((hash ^ (byte)(id >> shift)) * 1099511628211);
        }

        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }
}
