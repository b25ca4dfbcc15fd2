using MixAttention.Compute.Native;
using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>Multiplies rows with a weight so that a row's bits depend on that row alone.</summary>
/// <remarks>
/// On the CPU the weight is packed once for oneDNN and the plain copy is dropped. Whether products of all heights give equal bits is checked at load, per shape; where they do
/// not, rows are cut into products of heights that do (<see cref="RowTiling"/>). Engine thread only.
/// </remarks>
public sealed class Linear : IDisposable
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly bool _isPacked;

    /// <summary>Creates the layer and checks its shape.</summary>
    /// <param name="weight">[N, K] in the format of the products; owned from here on.</param>
    /// <param name="bias">[N] in the same format or null; owned from here on.</param>
    /// <param name="device">Where products run.</param>
    /// <param name="pack">False keeps the plain form: the oracle of tests.</param>
    public Linear(Tensor weight, Tensor? bias, ComputeDevice device, bool pack = true)
    {
        OutFeatures = weight.shape[0];
        InFeatures = weight.shape[1];
        Type = weight.dtype;
        _isPacked = pack && device.Packs(weight.dtype);
        if (_isPacked)
        {
            _weight = LibTorchAbi.PackLinearWeight(weight).DetachFromDisposeScope();
            weight.Dispose();
        }
        else
        {
            _weight = weight.DetachFromDisposeScope();
        }

        _bias = bias?.DetachFromDisposeScope();
        Tiling = device.TilingFor(this);
    }

    /// <summary>Gets the width of a row (K).</summary>
    public long InFeatures { get; }

    /// <summary>Gets the width of a result (N).</summary>
    public long OutFeatures { get; }

    /// <summary>Gets the format of rows, weight and results.</summary>
    public ScalarType Type { get; }

    /// <summary>Gets how rows are cut into products.</summary>
    public RowTiling Tiling { get; }

    /// <summary>Computes x · Wᵀ + b.</summary>
    /// <param name="x">[M, K]: first the tall rows, then the short ones; not disposed here.</param>
    /// <param name="tallRows">Rows that belong to prompt segments longer than <see cref="RowTiling.ShortRows"/>.</param>
    /// <returns>[M, N], same format; the caller disposes it.</returns>
    public Tensor Forward(Tensor x, int tallRows)
    {
        int rows = (int)x.shape[0];
        if (Tiling.IsAnyHeight && rows <= Tiling.Tall.Max)
            return Product(x);
        if (tallRows == rows && rows >= Tiling.Tall.Min && rows <= Tiling.Tall.Max)
            return Product(x);
        if (tallRows == 0 && rows >= Tiling.Short.Min && rows <= Tiling.Short.Max)
            return Product(x);

        var y = empty([rows, OutFeatures], Type, x.device);
        Tiles(x, y, 0, tallRows, Tiling.Tall);
        Tiles(x, y, tallRows, rows - tallRows, Tiling.Short);
        return y;
    }

    /// <summary>Computes one product of exactly the rows given.</summary>
    internal Tensor Product(Tensor x)
    {
        if (_isPacked)
            return LibTorchAbi.LinearPacked(x, _weight, _bias);
        return nn.functional.linear(x, _weight, _bias);
    }

    private void Tiles(Tensor x, Tensor y, int start, int rows, HeightRange heights)
    {
        int pieces = (rows + heights.Max - 1) / heights.Max;
        for (int piece = 0; piece < pieces; piece++)
        {
            // Balanced pieces where heights may vary, full tiles where they may not.
            int from = heights.Min == heights.Max ? piece * heights.Max : (int)((long)rows * piece / pieces);
            int to = heights.Min == heights.Max ? Math.Min(rows, from + heights.Max) : (int)((long)rows * (piece + 1) / pieces);
            using var part = x.narrow(0, start + from, to - from);
            using var target = y.narrow(0, start + from, to - from);
            if (to - from >= heights.Min)
            {
                using var product = Product(part);
                target.copy_(product);
            }
            else
            {
                using var padded = zeros([heights.Min, InFeatures], Type, x.device);
                using var head = padded.narrow(0, 0, to - from);
                head.copy_(part);
                using var product = Product(padded);
                using var used = product.narrow(0, 0, to - from);
                target.copy_(used);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _weight.Dispose();
        _bias?.Dispose();
    }
}
