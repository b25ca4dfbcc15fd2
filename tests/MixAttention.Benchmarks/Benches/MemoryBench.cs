using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MixAttention.Benchmarks.Measuring;

namespace MixAttention.Benchmarks.Benches;

/// <summary>Measures how fast memory is read: the limit of decoding, which reads all weights and all visible keys and values once per step.</summary>
internal static class MemoryBench
{
    // Far beyond any cache, so that each pass comes from memory.
    private const long Bytes = 1L << 30;

    public static ResultTable Run(Stopclock clock)
    {
        var table = new ResultTable();
        double one = ReadBandwidth(clock, 1);
        table.AddReference("read, 1 thread", one, "GB/s");
        for (int threads = 2; threads <= Environment.ProcessorCount; threads *= 2)
        {
            table.Add($"read, {threads} threads", ReadBandwidth(clock, threads), "GB/s", one, "1 thread");
        }

        return table;
    }

    /// <summary>Returns the bytes per nanosecond (GB/s) at which this many threads read a large buffer, each its own part.</summary>
    public static unsafe double ReadBandwidth(Stopclock clock, int threads)
    {
        var buffer = (ulong*)NativeMemory.AlignedAlloc((nuint)Bytes, 4096);
        try
        {
            new Span<byte>(buffer, (int)(Bytes / 2)).Fill(1);
            new Span<byte>((byte*)buffer + (Bytes / 2), (int)(Bytes / 2)).Fill(2);
            var sums = new ulong[threads * 16]; // 128 bytes apart: no two threads write to one cache line
            long words = Bytes / sizeof(ulong) / threads;
            var timing = clock.Measure(() => Threads.Run(threads, t => sums[t * 16] += Sum(buffer + (t * words), words)));
            return words * threads * sizeof(ulong) / timing.Best / 1e9;
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    // Eight independent sums, so that the loads and not the additions set the pace.
    private static unsafe ulong Sum(ulong* start, long words)
    {
        Vector256<ulong> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        int step = Vector256<ulong>.Count;
        for (ulong* p = start, end = start + words - (8 * step); p <= end; p += 8 * step)
        {
            a += Vector256.Load(p);
            b += Vector256.Load(p + step);
            c += Vector256.Load(p + (2 * step));
            d += Vector256.Load(p + (3 * step));
            e += Vector256.Load(p + (4 * step));
            f += Vector256.Load(p + (5 * step));
            g += Vector256.Load(p + (6 * step));
            h += Vector256.Load(p + (7 * step));
        }

        return Vector256.Sum(((a + b) + (c + d)) + ((e + f) + (g + h)));
    }
}
