using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>Finds out, on the device at hand, among which heights of a product a row keeps its bits.</summary>
/// <remarks>Libraries choose their blocking by height: on processors without AVX-512, for instance, oneDNN sums long rows in another order from some height on.</remarks>
internal static class RowInvarianceCheck
{
    private static readonly int[] ShortHeights = [1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 24, 31, 32, 48, 63, 64];
    private static readonly int[] TallHeights = [96, 97, 128, 160, 192, 255, 256, 384, 512, RowTiling.MaxRows];

    public static RowTiling Run(Linear linear, Device device)
    {
        // The output head is never run on tall rows; a shape this large is checked at short heights alone.
        bool isLarge = linear.OutFeatures * linear.InFeatures > 1 << 23;
        int[] tallHeights = isLarge ? [] : TallHeights;
        using var scope = NewDisposeScope();
        var generator = new Generator(17, device);
        int most = isLarge ? RowTiling.ShortRows : RowTiling.MaxRows;
        var rows = randn([most, linear.InFeatures], ScalarType.Float32, device, generator: generator).to(linear.Type);
        var row = rows[0].clone();

        var shortReference = FirstRow(linear, rows, 1);
        bool shortAgree = ShortHeights.All(h => Agrees(linear, rows, row, h, shortReference));
        if (isLarge)
            return shortAgree ? new RowTiling(new(1, RowTiling.ShortRows), new(1, RowTiling.ShortRows), false) : RowTiling.Fixed;
        var tallReference = FirstRow(linear, rows, tallHeights[0]);
        bool tallAgree = tallHeights.All(h => Agrees(linear, rows, row, h, tallReference));
        if (shortAgree && tallAgree && Same(shortReference, tallReference))
            return RowTiling.AnyHeight;
        return new RowTiling(
            tallAgree ? new HeightRange(tallHeights[0], RowTiling.MaxRows) : RowTiling.Fixed.Tall,
            shortAgree ? new HeightRange(1, RowTiling.ShortRows) : RowTiling.Fixed.Short,
            false);
    }

    private static Tensor FirstRow(Linear linear, Tensor rows, int height)
    {
        using var x = rows.narrow(0, 0, height);
        using var y = linear.Product(x);
        return y[0].clone();
    }

    // The same row at the first, a middle and the last place, with strangers around it.
    private static bool Agrees(Linear linear, Tensor rows, Tensor row, int height, Tensor reference)
    {
        using var scope = NewDisposeScope();
        var x = rows.narrow(0, 0, height).clone();
        int[] places = [0, height / 2, height - 1];
        foreach (int place in places)
            x[place] = row;
        var y = linear.Product(x);
        return places.All(place => Same(y[place], reference));
    }

    private static bool Same(Tensor a, Tensor b)
    {
        using var equal = a.eq(b);
        using var all = equal.all();
        return all.item<bool>();
    }
}
