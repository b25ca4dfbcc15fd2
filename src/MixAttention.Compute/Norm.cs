using MixAttention.Compute.Native;
using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>Normalizes the last dimension in float32.</summary>
public sealed class Norm : IDisposable
{
    private readonly Tensor? _weight;
    private readonly Tensor? _bias;
    private readonly double _epsilon;
    private readonly bool _isRms;
    private readonly bool _usesFused;

    /// <summary>Creates the norm.</summary>
    /// <param name="weight">[width] float32 or null; owned from here on.</param>
    /// <param name="bias">[width] float32 or null (LayerNorm only); owned from here on.</param>
    /// <param name="epsilon">Added to the mean square or the variance.</param>
    /// <param name="isRms">RMSNorm; LayerNorm when false.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="fused">False keeps the portable form: the oracle of tests.</param>
    public Norm(Tensor? weight, Tensor? bias, double epsilon, bool isRms, ComputeDevice device, bool fused = true)
    {
        _weight = weight?.DetachFromDisposeScope();
        _bias = bias?.DetachFromDisposeScope();
        _epsilon = epsilon;
        _isRms = isRms;
        _usesFused = fused && isRms && !device.IsCuda;
    }

    /// <summary>Normalizes.</summary>
    /// <param name="x">[…, width] float32; not disposed here.</param>
    /// <returns>Same shape, float32; the caller disposes it.</returns>
    public Tensor Forward(Tensor x)
    {
        if (!_isRms)
            return nn.functional.layer_norm(x, [x.shape[^1]], _weight, _bias, _epsilon);
        if (_usesFused)
            return LibTorchAbi.RmsNorm(x, _weight, _epsilon);
        using var squares = x.square();
        using var mean = squares.mean([-1], keepdim: true);
        using var shifted = mean.Plus(_epsilon);
        using var reciprocal = shifted.rsqrt();
        if (_weight is null)
            return x.mul(reciprocal);
        using var scaled = x.mul(reciprocal);
        return scaled.mul(_weight);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _weight?.Dispose();
        _bias?.Dispose();
    }
}
