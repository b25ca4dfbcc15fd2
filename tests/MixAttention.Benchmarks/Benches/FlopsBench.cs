using System.Numerics;
using MixAttention.Benchmarks.Measuring;

namespace MixAttention.Benchmarks.Benches;

/// <summary>Measures the float32 multiply-adds that registers alone allow: the limit of every float32 product.</summary>
internal static class FlopsBench
{
    private const int Rounds = 4_000_000;
    private const int Chains = 10;

    public static ResultTable Run(Stopclock clock)
    {
        var table = new ResultTable();
        double one = Float32Peak(clock, 1);
        table.AddReference("float32, 1 thread", one, "GFLOP/s");
        for (int threads = 2; threads <= Environment.ProcessorCount; threads *= 2)
        {
            table.Add($"float32, {threads} threads", Float32Peak(clock, threads), "GFLOP/s", one, "1 thread");
        }

        return table;
    }

    /// <summary>Returns the GFLOP/s that this many threads reach together, a multiply-add counted as two.</summary>
    public static double Float32Peak(Stopclock clock, int threads)
    {
        var sums = new float[threads * 32]; // 128 bytes apart: no two threads write to one cache line
        var timing = clock.Measure(() => Threads.Run(threads, t => sums[t * 32] += MultiplyAdd(Rounds)));
        return 2.0 * Chains * Vector<float>.Count * Rounds * threads / timing.Best / 1e9;
    }

    // Ten independent chains: two units with a latency of four to five cycles are never idle.
    private static float MultiplyAdd(int rounds)
    {
        var factor = new Vector<float>(0.999f);
        var term = new Vector<float>(1e-3f);
        Vector<float> a = term, b = term, c = term, d = term, e = term, f = term, g = term, h = term, i = term, j = term;
        for (int round = 0; round < rounds; round++)
        {
            a = Vector.FusedMultiplyAdd(a, factor, term);
            b = Vector.FusedMultiplyAdd(b, factor, term);
            c = Vector.FusedMultiplyAdd(c, factor, term);
            d = Vector.FusedMultiplyAdd(d, factor, term);
            e = Vector.FusedMultiplyAdd(e, factor, term);
            f = Vector.FusedMultiplyAdd(f, factor, term);
            g = Vector.FusedMultiplyAdd(g, factor, term);
            h = Vector.FusedMultiplyAdd(h, factor, term);
            i = Vector.FusedMultiplyAdd(i, factor, term);
            j = Vector.FusedMultiplyAdd(j, factor, term);
        }

        return Vector.Sum(a + b + c + d + e + f + g + h + i + j);
    }
}
