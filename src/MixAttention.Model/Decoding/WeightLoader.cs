using MixAttention.Compute;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Spec;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>Turns weights of a verified checkpoint into tensors on the device.</summary>
internal sealed unsafe class WeightLoader(Checkpoint checkpoint, ComputeDevice device)
{
    /// <summary>Gets the device.</summary>
    public ComputeDevice Device => device;

    /// <summary>Loads a weight.</summary>
    /// <param name="weight">Which one, or which of its rows.</param>
    /// <param name="type">Wanted format; null keeps the stored one.</param>
    /// <returns>On the device, contiguous; the caller disposes it.</returns>
    public Tensor Load(WeightRef weight, ScalarType? type = null)
    {
        var entry = checkpoint.Tensors[weight.Name];
        long[] shape = [.. entry.Shape];
        long rowBytes = entry.ByteCount / Math.Max(1, shape[0]);
        shape[0] = weight.RowCount ?? shape[0] - weight.RowStart;
        var host = empty(shape, Format(entry.Type));
        long bytes = shape[0] * rowBytes;
        Buffer.MemoryCopy(checkpoint.Pointer(entry) + weight.RowStart * rowBytes, host.HostPointer(), bytes, bytes);
        var result = host;
        if (type is { } wanted && wanted != host.dtype)
            result = Replace(result, result.to(wanted));
        if (device.IsCuda)
            result = Replace(result, result.to(device.Device));
        if (weight.Transposed)
        {
            using var view = result.t();
            result = Replace(result, view.contiguous());
        }

        return result;
    }

    /// <summary>Loads a linear layer whose outputs are those of several projections, one after the other.</summary>
    public Linear Linear(ScalarType type, params ReadOnlySpan<LinearSpec?> parts)
    {
        var weights = new List<Tensor>();
        var biases = new List<Tensor>();
        foreach (var part in parts)
        {
            if (part is null)
                continue;
            weights.Add(Load(part.Weight, type));
            if (part.Bias is { } bias)
                biases.Add(Load(bias, type));
        }

        return new Linear(Join(weights), biases.Count == 0 ? null : Join(biases), device);
    }

    /// <summary>Loads a norm; weights and arithmetic are float32.</summary>
    public Norm? Norm(NormSpec? spec)
    {
        if (spec is null)
            return null;
        var weight = spec.Weight is null ? null : Load(spec.Weight, ScalarType.Float32);
        if (weight is not null && spec.WeightOffset != 0)
            weight = Replace(weight, weight.Plus(spec.WeightOffset));
        var bias = spec.Bias is null ? null : Load(spec.Bias, ScalarType.Float32);
        return new Norm(weight, bias, spec.Epsilon, spec.Kind == NormKind.Rms, device);
    }

    private static Tensor Join(List<Tensor> parts) => parts.Count == 1 ? parts[0] : parts.JoinRows();

    private static Tensor Replace(Tensor old, Tensor replacement)
    {
        old.Dispose();
        return replacement;
    }

    private static ScalarType Format(StoredType type) => type switch
    {
        StoredType.F32 => ScalarType.Float32,
        StoredType.F16 => ScalarType.Float16,
        StoredType.BF16 => ScalarType.BFloat16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Weights are float32, float16 or bfloat16; the checkpoint's check refuses others."),
    };
}
