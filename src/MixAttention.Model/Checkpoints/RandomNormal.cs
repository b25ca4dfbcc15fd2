namespace MixAttention.Model.Checkpoints;

/// <summary>Draws numbers that are close to normal and the same on every machine.</summary>
/// <remarks>
/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) gives words of 64 bits. Three words are cut into twelve numbers of 16 bits, whose sum has the variance of
/// 2^32 (Irwin–Hall). Only integers and one multiplication are used, so that no machine's logarithm or cosine can change a bit.
/// </remarks>
internal sealed class RandomNormal
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state;

    /// <summary>Starts a stream of its own for a name, so that the order of tensors does not matter.</summary>
    internal RandomNormal(ulong seed, string name)
    {
        ulong hash = 0xCBF29CE484222325; // FNV-1a
        foreach (char c in name)
            hash = (hash ^ c) * 0x100000001B3;
        _state = Mix(seed + Step) ^ hash;
    }

    /// <summary>Draws numbers with mean 0 and the given standard deviation.</summary>
    internal void Fill(Span<float> values, float deviation)
    {
        for (int i = 0; i < values.Length; i++)
        {
            // The mean of twelve numbers from 0 to 65535 is 6 · 65535; their standard deviation is 65536 but for one part in 2^33.
            long sum = Sum16(NextWord()) + Sum16(NextWord()) + Sum16(NextWord());
            values[i] = deviation * ((sum - (6L * 65535)) * (1f / 65536));
        }
    }

    private static long Sum16(ulong word) => (long)((word & 0xFFFF) + ((word >> 16) & 0xFFFF) + ((word >> 32) & 0xFFFF) + (word >> 48));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private ulong NextWord() => Mix(_state += Step);
}
