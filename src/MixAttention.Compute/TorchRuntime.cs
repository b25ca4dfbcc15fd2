using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace MixAttention.Compute;

/// <summary>Loads libtorch, sets its threads and tells what the machine can compute with.</summary>
public static partial class TorchRuntime
{
    /// <summary>The environment variable that names a libtorch folder for builds made with <c>-p:LibTorch=none</c>.</summary>
    public const string LibTorchVariable = "MIX_LIBTORCH";

    private static readonly Lock Gate = new();
    private static bool _loaded;

    /// <summary>Gets whether the processor multiplies bfloat16 in hardware (AVX512_BF16 or AMX); elsewhere products run in float32.</summary>
    public static bool HasNativeBFloat16 { get; } = DetectNativeBFloat16();

    /// <summary>Gets whether oneDNN can pack bfloat16 weights here at all (AVX-512, if need be by emulation).</summary>
    public static bool CanPackBFloat16 => Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported;

    /// <summary>Gets the number of threads that libtorch uses.</summary>
    public static int Threads => torch.get_num_threads();

    /// <summary>Loads libtorch once per process and sets the number of its threads.</summary>
    /// <param name="threads">Threads of a product; null means one per processor available to the process.</param>
    /// <exception cref="DllNotFoundException">libtorch can't be loaded; the message says from where it was tried.</exception>
    public static void Initialize(int? threads = null)
    {
        if (threads is < 1)
            throw new ArgumentOutOfRangeException(nameof(threads), threads, "libtorch needs at least one thread.");
        lock (Gate)
        {
            if (!_loaded)
            {
                KeepFreedMemory();
                LoadFromVariable();
                NativeLibrary.SetDllImportResolver(typeof(TorchRuntime).Assembly, static (name, _, _) => name == "torch_cpu" ? LibTorchCpu() : 0);
                torch.InitializeDeviceType(DeviceType.CPU);
                _loaded = true;
            }
        }

        torch.set_num_threads(threads ?? Environment.ProcessorCount);
    }

    /// <summary>Describes the loaded libtorch and what products run on.</summary>
    public static string Describe() =>
        $"libtorch {torch.__version__}, {Threads} threads, {(HasNativeBFloat16 ? "bfloat16 products in hardware" : "float32 products (no bfloat16 hardware)")}";

    /// <summary>Turns gradients off for the calling thread until the result is disposed.</summary>
    public static IDisposable InferenceMode() => torch.inference_mode();

    // glibc gives large blocks back to the system at once, and every fresh one faults page by page: fifteen times slower than reused memory.
    // No mmap for large blocks, no trimming, and growth in large steps keep them. Must come before the first tensor.
    private static void KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux())
            return;
        _ = mallopt(-4, 0);            // M_MMAP_MAX
        _ = mallopt(-1, int.MaxValue); // M_TRIM_THRESHOLD
        _ = mallopt(-2, 1 << 28);      // M_TOP_PAD
    }

    private static void LoadFromVariable()
    {
        if (Environment.GetEnvironmentVariable(LibTorchVariable) is not { Length: > 0 } place)
            return;
        string folder = Directory.Exists(place) ? place : Path.GetDirectoryName(Path.GetFullPath(place))!;
        if (!File.Exists(Path.Combine(folder, "libtorch_cpu.so")))
            throw new DllNotFoundException($"{LibTorchVariable} is '{place}', but libtorch_cpu.so is not there. Set it to the lib folder of a libtorch 2.10 or newer.");
        foreach (string name in (string[])["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"])
        {
            if (File.Exists(Path.Combine(folder, name)))
                NativeLibrary.Load(Path.Combine(folder, name));
        }
    }

    // TorchSharp has loaded the library by the time the first C-ABI call resolves; the same copy must be found again.
    private static nint LibTorchCpu()
    {
        if (NativeLibrary.TryLoad("libtorch_cpu.so", typeof(torch).Assembly, DllImportSearchPath.AssemblyDirectory, out nint handle))
            return handle;
        string? place = Environment.GetEnvironmentVariable(LibTorchVariable);
        string[] candidates =
        [
            Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libtorch_cpu.so"),
            Path.Combine(AppContext.BaseDirectory, "libtorch_cpu.so"),
            Path.Combine(place ?? "", "libtorch_cpu.so"),
        ];
        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out handle))
                return handle;
        }

        return 0;
    }

    private static bool DetectNativeBFloat16()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
            return false;
        bool avx512Bf16 = (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;
        bool amxBf16 = (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0;
        return CanPackBFloat16 && (avx512Bf16 || amxBf16);
    }

    [LibraryImport("libc")]
    private static partial int mallopt(int parameter, int value);
}
