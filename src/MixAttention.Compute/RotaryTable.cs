using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>Keeps cosines and sines of a rotary embedding and rotates queries and keys.</summary>
/// <remarks>Angles are computed in double and kept in float32. Pairs are half-split: (j, j + D / 2). Tables grow by doubling to the longest position asked for.</remarks>
public sealed class RotaryTable : IDisposable
{
    private readonly double[] _inverseFrequencies;
    private readonly double _magnitude;
    private readonly Device _device;
    private Tensor _cos;
    private Tensor _sin;

    /// <summary>Creates the table.</summary>
    /// <param name="inverseFrequencies">D / 2 angles per position.</param>
    /// <param name="magnitude">Factor on cosines and sines.</param>
    /// <param name="device">Where rotations run.</param>
    public RotaryTable(double[] inverseFrequencies, double magnitude, ComputeDevice device)
    {
        _inverseFrequencies = inverseFrequencies;
        _magnitude = magnitude;
        _device = device.Device;
        (_cos, _sin) = Compute(256);
    }

    /// <summary>Looks up the rows of a step.</summary>
    /// <param name="positions">[T] int64 on the device.</param>
    /// <param name="maxPosition">The largest of them.</param>
    /// <returns>Cosines and sines, [T, 1, D / 2] each; the caller disposes them.</returns>
    public (Tensor Cos, Tensor Sin) Lookup(Tensor positions, int maxPosition)
    {
        if (maxPosition >= _cos.shape[0])
            Grow(maxPosition + 1);
        using var cos = _cos.index_select(0, positions);
        using var sin = _sin.index_select(0, positions);
        return (cos.unsqueeze(1), sin.unsqueeze(1));
    }

    /// <summary>Rotates.</summary>
    /// <param name="x">[T, heads, D] float32; not disposed here.</param>
    /// <param name="cos">[T, 1, D / 2].</param>
    /// <param name="sin">[T, 1, D / 2].</param>
    /// <returns>[T, heads, D] float32, contiguous; the caller disposes it.</returns>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        long half = x.shape[^1] / 2;
        var y = empty_like(x);
        using var x1 = x.narrow(-1, 0, half);
        using var x2 = x.narrow(-1, half, half);
        using var y1 = y.narrow(-1, 0, half);
        using var y2 = y.narrow(-1, half, half);
        using (var a = x1.mul(cos))
        using (var b = x2.mul(sin))
        {
            a.SubtractInPlace(b);
            y1.copy_(a);
        }

        using (var a = x2.mul(cos))
        using (var b = x1.mul(sin))
        {
            a.AddInPlace(b);
            y2.copy_(a);
        }

        return y;
    }

    private void Grow(int positions)
    {
        long capacity = _cos.shape[0];
        while (capacity < positions)
            capacity *= 2;
        _cos.Dispose();
        _sin.Dispose();
        (_cos, _sin) = Compute((int)capacity);
    }

    private (Tensor Cos, Tensor Sin) Compute(int positions)
    {
        int half = _inverseFrequencies.Length;
        var cos = new float[positions * half];
        var sin = new float[positions * half];
        for (int position = 0; position < positions; position++)
        {
            for (int j = 0; j < half; j++)
            {
                var (s, c) = Math.SinCos(position * _inverseFrequencies[j]);
                cos[position * half + j] = (float)(c * _magnitude);
                sin[position * half + j] = (float)(s * _magnitude);
            }
        }

        return (Table(cos, positions, half), Table(sin, positions, half));
    }

    private Tensor Table(float[] values, int positions, int half)
    {
        using var host = tensor(values, [positions, half]);
        return host.to(_device, copy: true).DetachFromDisposeScope();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _cos.Dispose();
        _sin.Dispose();
    }
}
