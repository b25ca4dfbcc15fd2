using static TorchSharp.torch;

namespace MixAttention.Compute.Tests;

public class LinearTests
{
    public static TheoryData<int, int> Shapes => new() { { 64, 24 }, { 192, 640 }, { 1024, 1024 }, { 2816, 512 }, { 33, 7 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Packed_product_equals_the_plain_one(int inputs, int outputs)
    {
        using var scope = NewDisposeScope();
        var (weight, bias) = Weight(inputs, outputs);
        using var packed = new Linear(weight.clone(), bias.clone(), TestSetup.Device());
        using var plain = new Linear(weight.clone(), bias.clone(), TestSetup.Device(), pack: false);
        foreach (int rows in (int[])[1, 3, 17, 64, 65, 200])
        {
            var x = randn(rows, inputs);
            Assert.True(Far(packed.Forward(x, rows > 64 ? rows : 0), plain.Forward(x, rows > 64 ? rows : 0)) < 1e-4);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_row_has_the_same_bits_in_any_company(bool forceTiles)
    {
        foreach (var (inputs, outputs) in ((int, int)[])[(64, 24), (1024, 1024), (2816, 512)])
        {
            using var scope = NewDisposeScope();
            var (weight, bias) = Weight(inputs, outputs);
            using var linear = new Linear(weight, bias, TestSetup.Device(forceTiles: forceTiles));
            var row = randn(inputs);
            Tensor? tall = null, small = null;
            foreach (var (tallRows, shortRows) in ((int, int)[])[(0, 1), (0, 7), (65, 0), (100, 3), (300, 64), (0, 130), (513, 1), (1500, 70)])
            {
                var x = randn(tallRows + shortRows, inputs);
                if (tallRows > 0)
                    x[tallRows / 2] = row;
                if (shortRows > 0)
                    x[tallRows + shortRows - 1] = row;
                var y = linear.Forward(x, tallRows);
                AssertSame(ref tall, tallRows > 0 ? y[tallRows / 2] : null);
                AssertSame(ref small, shortRows > 0 ? y[tallRows + shortRows - 1] : null);
            }
        }
    }

    [Fact]
    public void Forced_tiles_are_the_fixed_ones()
    {
        using var scope = NewDisposeScope();
        var (weight, bias) = Weight(64, 32);
        using var linear = new Linear(weight, bias, TestSetup.Device(forceTiles: true));
        Assert.Equal(RowTiling.Fixed, linear.Tiling);
    }

    [Fact]
    public void Tiled_rows_equal_one_product_within_rounding()
    {
        using var scope = NewDisposeScope();
        var (weight, bias) = Weight(192, 96);
        using var tiled = new Linear(weight.clone(), bias.clone(), TestSetup.Device(forceTiles: true));
        using var plain = new Linear(weight.clone(), bias.clone(), TestSetup.Device(), pack: false);
        var x = randn(600, 192);
        Assert.True(Far(tiled.Forward(x, 523), plain.Product(x)) < 1e-4);
    }

    private static void AssertSame(ref Tensor? first, Tensor? row)
    {
        if (row is null)
            return;
        first ??= row;
        Assert.True(first.eq(row).all().item<bool>());
    }

    private static (Tensor Weight, Tensor Bias) Weight(int inputs, int outputs)
    {
        random.manual_seed(inputs + outputs);
        return (randn(outputs, inputs) / Math.Sqrt(inputs), randn(outputs));
    }

    private static float Far(Tensor a, Tensor b) => (a - b).abs().max().item<float>();
}
