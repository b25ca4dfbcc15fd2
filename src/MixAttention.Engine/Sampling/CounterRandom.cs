using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Engine.Sampling;

/// <summary>Draws the random number of a position: a pure function of (seed, custom_id, position), so batch mates and restarts cannot change it.</summary>
/// <remarks>
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Key = the seed; counter = (position, 0, the first eight bytes of SHA-256 of
/// custom_id in UTF-8).
/// </remarks>
internal readonly struct CounterRandom(long seed, string customId)
{
    private readonly ulong _key = (ulong)seed;
    private readonly ulong _stream = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(customId)));

    /// <summary>Draws from [0, 1), with 53 bits.</summary>
    /// <param name="position">The token's position in the sequence.</param>
    public double NextDouble(int position)
    {
        var (a, b, _, _) = Philox((uint)position, 0, (uint)_stream, (uint)(_stream >> 32), (uint)_key, (uint)(_key >> 32));
        return ((((ulong)a << 32) | b) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Mixes a 128-bit counter under a 64-bit key in ten rounds.</summary>
    internal static (uint A, uint B, uint C, uint D) Philox(uint a, uint b, uint c, uint d, uint key0, uint key1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = 0xD2511F53UL * a, p1 = 0xCD9E8D57UL * c;
            (a, b, c, d) = ((uint)(p1 >> 32) ^ b ^ key0, (uint)p1, (uint)(p0 >> 32) ^ d ^ key1, (uint)p0);
            key0 += 0x9E3779B9;
            key1 += 0xBB67AE85;
        }

        return (a, b, c, d);
    }
}
