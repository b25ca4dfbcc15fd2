using MixAttention.Benchmarks.Measuring;
using MixAttention.Compute;
using MixAttention.Compute.Attention;
using static TorchSharp.torch;

namespace MixAttention.Benchmarks.Benches;

/// <summary>Measures prefill attention, counting visible query–key pairs only, beside the portable form and the library's own fused attention.</summary>
internal static class AttentionBench
{
    public static ResultTable Run(Stopclock clock)
    {
        var table = new ResultTable();
        double peak = FlopsBench.Float32Peak(clock, Environment.ProcessorCount);
        table.AddReference("float32 multiply-adds from registers", peak, "GFLOP/s");
        var types = new List<ScalarType> { ScalarType.Float32 };
        if (TorchRuntime.HasNativeBFloat16)
            types.Add(ScalarType.BFloat16);
        foreach (var (heads, kvHeads, d) in ((int, int, int)[])[(12, 3, 64), (8, 2, 128), (12, 12, 64), (6, 2, 32)])
        {
            foreach (var (queries, past, window) in ((int, int, int?)[])[(512, 3584, 512), (512, 512, 1024), (512, 3584, null), (512, 31488, null)])
                Measure(clock, table, new AttentionShape(heads, kvHeads, d, 1 / Math.Sqrt(d), null, window), queries, past, types, peak);
        }

        return table;
    }

    private static void Measure(Stopclock clock, ResultTable table, AttentionShape shape, int queries, int past, List<ScalarType> types, double peak)
    {
        using var scope = NewDisposeScope();
        int firstKey = shape.Window is { } w ? Math.Max(0, past - w + 1) : 0;
        var q = randn(queries, shape.QueryHeads, shape.HeadDim);
        var k = randn(past + queries - firstKey, shape.KvHeads, shape.HeadDim).to(ScalarType.BFloat16);
        var v = randn(past + queries - firstKey, shape.KvHeads, shape.HeadDim).to(ScalarType.BFloat16);
        long pairs = Enumerable.Range(past, queries).Sum(p => Math.Min(p + 1L, shape.Window ?? long.MaxValue));
        double operations = 4.0 * pairs * shape.QueryHeads * shape.HeadDim;
        string name = $"{shape.QueryHeads}/{shape.KvHeads} × {shape.HeadDim}, {queries} queries after {past}, {(shape.Window is { } keys ? $"window {keys}" : "full")}";
        double own = operations / clock.Measure(() => PrefillAttention.Run(q, [new(k, v)], past, firstKey, shape).Dispose()).Best / 1e9;
        table.Add($"{name}: own kernel, bfloat16 KV", own, "GFLOP/s", peak, "peak");
        foreach (var type in types)
        {
            double portable = operations / clock.Measure(() => PrefillAttention.Portable(q, [new(k, v)], past, firstKey, shape, type).Dispose()).Best / 1e9;
            table.Add($"{name}: batched {type} products", portable, "GFLOP/s", peak, "peak");
        }

        if (shape.Window is null && past < 10_000)
            Fused(clock, table, shape, q, k, v, past, operations, peak, name);
    }

    private static void Fused(Stopclock clock, ResultTable table, AttentionShape shape, Tensor q, Tensor k, Tensor v, int past, double operations, double peak, string name)
    {
        using var scope = NewDisposeScope();
        var query = q.transpose(0, 1).unsqueeze(0).contiguous();
        var key = k.to(ScalarType.Float32).transpose(0, 1).repeat_interleave(shape.QueriesPerKv, 0).unsqueeze(0).contiguous();
        var value = v.to(ScalarType.Float32).transpose(0, 1).repeat_interleave(shape.QueriesPerKv, 0).unsqueeze(0).contiguous();
        var mask = full([q.shape[0], k.shape[0]], float.NegativeInfinity).triu(past + 1);
        double fused = operations / clock.Measure(() => nn.functional.scaled_dot_product_attention(query, key, value, mask).Dispose()).Best / 1e9;
        table.Add($"{name}: scaled_dot_product_attention, float32", fused, "GFLOP/s", peak, "peak");
    }
}
