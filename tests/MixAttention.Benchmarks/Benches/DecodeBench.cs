using MixAttention.Benchmarks.Measuring;
using MixAttention.Compute;
using MixAttention.Compute.Attention;
using static TorchSharp.torch;

namespace MixAttention.Benchmarks.Benches;

/// <summary>Measures decode attention as the bandwidth at which stored keys and values are read, beside the portable form and the memory's own bandwidth.</summary>
internal static class DecodeBench
{
    public static ResultTable Run(Stopclock clock)
    {
        var table = new ResultTable();
        double memory = MemoryBench.ReadBandwidth(clock, Environment.ProcessorCount);
        table.AddReference("memory read", memory, "GB/s");
        foreach (bool bFloat16 in (bool[])[true, false])
        {
            foreach (var (heads, kvHeads, d) in ((int, int, int)[])[(8, 1, 64), (8, 2, 128), (12, 3, 64), (8, 8, 64), (6, 2, 32)])
            {
                foreach (var (sequences, keys) in ((int, int)[])[(1, 32768), (16, 4096), (64, 512)])
                    Measure(clock, table, new AttentionShape(heads, kvHeads, d, 1 / Math.Sqrt(d), null, null), bFloat16, sequences, keys, memory);
            }
        }

        return table;
    }

    private static void Measure(Stopclock clock, ResultTable table, AttentionShape shape, bool bFloat16, int sequences, int keys, double memory)
    {
        using var scope = NewDisposeScope();
        var device = new ComputeDevice("cpu", bFloat16 ? Precision.BFloat16 : Precision.Float32, bFloat16);
        long row = shape.KvHeads * shape.HeadDim, each = 2 * row * keys;
        // Several copies in turn, more than the cache holds, as the layers of a model are.
        int copies = (int)Math.Max(1, (256L << 20) / (each * sequences * device.KvBytes));
        using var arena = new KvArena(each * sequences * copies, device);
        arena.View(0, 2L * keys * sequences * copies, shape.KvHeads, shape.HeadDim).copy_(randn(1, shape.KvHeads, shape.HeadDim));
        var places = Enumerable.Range(0, copies).Select(c => Enumerable.Range(0, sequences).Select(s => Place(((c * sequences) + s) * each, keys, row)).ToArray()).ToArray();
        var q = randn(sequences, shape.QueryHeads, shape.HeadDim);
        double bytes = (double)each * sequences * copies * device.KvBytes;
        double own = bytes / clock.Measure(() => Each(places, p => DecodeAttention.Run(q, null, null, arena, p, shape))).Best / 1e9;
        double portable = bytes / clock.Measure(() => Each(places, p => DecodeAttention.Portable(q, null, null, arena, p, shape))).Best / 1e9;
        string name = $"{(bFloat16 ? "bfloat16" : "float32")} {shape.QueryHeads}/{shape.KvHeads} × {shape.HeadDim}, {sequences} × {keys} keys";
        table.Add($"{name}: own kernel", own, "GB/s", memory, "memory");
        table.Add($"{name}: tensor operations", portable, "GB/s", memory, "memory");
    }

    private static DecodeKv Place(long offset, int keys, long row) => new(offset, offset + (row * keys), keys, 0);

    private static void Each(DecodeKv[][] places, Func<DecodeKv[], Tensor> run)
    {
        foreach (var place in places)
            run(place).Dispose();
    }
}
