using MixAttention.Benchmarks.Measuring;
using MixAttention.Compute;
using static TorchSharp.torch;

namespace MixAttention.Benchmarks.Benches;

/// <summary>Measures linear layers as the product calls them, beside one bare product of packed weights (the limit) and the library's plain call.</summary>
internal static class LinearBench
{
    public static ResultTable Run(Stopclock clock)
    {
        var table = new ResultTable();
        var types = new List<Precision> { Precision.Float32 };
        if (TorchRuntime.HasNativeBFloat16)
            types.Add(Precision.BFloat16);
        foreach (var precision in types)
        {
            foreach (var (inputs, outputs) in ((int, int)[])[(768, 4096), (2048, 768), (1024, 1024)])
            {
                foreach (int rows in (int[])[1, 4, 16, 32, 256, 512])
                    Measure(clock, table, new ComputeDevice("cpu", precision, precision == Precision.BFloat16), inputs, outputs, rows);
            }
        }

        return table;
    }

    private static void Measure(Stopclock clock, ResultTable table, ComputeDevice device, int inputs, int outputs, int rows)
    {
        using var scope = NewDisposeScope();
        var weight = (randn(outputs, inputs) / Math.Sqrt(inputs)).to(device.ComputeType);
        using var plain = new Linear(weight.clone(), null, device, pack: false);
        using var packed = new Linear(weight.clone(), null, device);
        var x = randn(rows, inputs).to(device.ComputeType);
        int tall = rows > RowTiling.ShortRows ? rows : 0, calls = Math.Max(1, 512 / rows);
        double operations = 2.0 * rows * inputs * outputs * calls;
        double bare = operations / clock.Measure(() => Repeat(calls, () => packed.Product(x))).Best / 1e9;
        double product = operations / clock.Measure(() => Repeat(calls, () => packed.Forward(x, tall))).Best / 1e9;
        double unpacked = operations / clock.Measure(() => Repeat(calls, () => plain.Product(x))).Best / 1e9;
        string name = $"{device.ComputeType} {inputs} → {outputs}, {rows} rows";
        table.AddReference($"{name}: bare packed product", bare, "GFLOP/s");
        table.Add($"{name}: as called (rows {packed.Tiling})", product, "GFLOP/s", bare, "bare");
        table.Add($"{name}: plain", unpacked, "GFLOP/s", bare, "bare");
    }

    private static void Repeat(int calls, Func<Tensor> call)
    {
        for (int i = 0; i < calls; i++)
            call().Dispose();
    }
}
