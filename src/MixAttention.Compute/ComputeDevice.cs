using TorchSharp;
using static TorchSharp.torch;

namespace MixAttention.Compute;

/// <summary>The number formats of a run.</summary>
public enum Precision
{
    /// <summary>bfloat16 products for bfloat16 checkpoints where the device multiplies it in hardware, float32 products elsewhere; KV as the checkpoint stores its weights.</summary>
    Auto,

    /// <summary>Weights widened, float32 products and float32 KV.</summary>
    Float32,

    /// <summary>bfloat16 products and bfloat16 KV; residual stream, norms, softmax and logits stay float32.</summary>
    BFloat16,
}

/// <summary>Fixes, in one place, where tensors live, in which format products and KV are, and how products are cut into rows.</summary>
public sealed class ComputeDevice
{
    private readonly Dictionary<(long In, long Out, ScalarType Type), RowTiling> _tilings = [];

    /// <summary>Chooses the formats for a checkpoint on a device.</summary>
    /// <param name="name"><c>cpu</c> or <c>cuda</c>.</param>
    /// <param name="precision">What the operator asked for.</param>
    /// <param name="checkpointIsBFloat16">Whether the checkpoint stores bfloat16 weights.</param>
    /// <param name="forceTiles">Cuts every product into tiles of two fixed heights, as if the check at load had failed.</param>
    /// <exception cref="ComputeException">The device is unknown or absent.</exception>
    public ComputeDevice(string name, Precision precision, bool checkpointIsBFloat16, bool forceTiles = false)
    {
        Device = name switch
        {
            "cpu" => CPU,
            "cuda" when cuda.is_available() => CUDA,
            "cuda" => throw new ComputeException("--device cuda: this libtorch sees no CUDA device. Check the driver with nvidia-smi and build with -p:LibTorch=cuda, or use --device cpu."),
            _ => throw new ComputeException($"--device {name}: unknown device. Use cpu or cuda."),
        };
        bool nativeBFloat16 = IsCuda || TorchRuntime.HasNativeBFloat16;
        ComputeType = precision switch
        {
            Precision.BFloat16 => ScalarType.BFloat16,
            Precision.Auto when checkpointIsBFloat16 && nativeBFloat16 => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        };
        KvType = precision switch
        {
            Precision.BFloat16 => ScalarType.BFloat16,
            Precision.Auto when checkpointIsBFloat16 => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        };
        ForceTiles = forceTiles;
    }

    /// <summary>Gets the device.</summary>
    public Device Device { get; }

    /// <summary>Gets whether tensors live on a GPU.</summary>
    public bool IsCuda => Device.type == DeviceType.CUDA;

    /// <summary>Gets the format of weights and of what products read.</summary>
    public ScalarType ComputeType { get; }

    /// <summary>Gets the format of stored keys and values.</summary>
    public ScalarType KvType { get; }

    /// <summary>Gets both formats in words.</summary>
    public string Formats => $"products in {ComputeType.ToString().ToLowerInvariant()}, keys and values in {KvType.ToString().ToLowerInvariant()}";

    /// <summary>Gets the bytes of a stored key or value element.</summary>
    public int KvBytes => KvType == ScalarType.Float32 ? 4 : 2;

    /// <summary>Gets whether products are tiled without asking.</summary>
    public bool ForceTiles { get; }

    /// <summary>Gets whether weights of this format are packed for oneDNN.</summary>
    public bool Packs(ScalarType type) => !IsCuda && (type == ScalarType.Float32 || (type == ScalarType.BFloat16 && TorchRuntime.CanPackBFloat16));

    /// <summary>Describes everything on this device that can change a result's bits; equal texts mean equal bits.</summary>
    public string NumericsVersion
    {
        get
        {
            var shapes = _tilings.Values.Distinct().OrderBy(t => t.ToString(), StringComparer.Ordinal);
            return $"1 {Device.type} product={ComputeType} kv={KvType} threads={TorchRuntime.Threads} rows={string.Join(',', shapes)}";
        }
    }

    /// <summary>Gets how products with this weight are cut into rows: checked on the device once per shape.</summary>
    internal RowTiling TilingFor(Linear linear)
    {
        if (ForceTiles)
            return RowTiling.Fixed;
        var key = (linear.InFeatures, linear.OutFeatures, linear.Type);
        if (!_tilings.TryGetValue(key, out var tiling))
        {
            tiling = RowInvarianceCheck.Run(linear, Device);
            _tilings.Add(key, tiling);
        }

        return tiling;
    }
}
