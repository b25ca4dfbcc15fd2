using System.Globalization;
using System.Runtime.InteropServices;

namespace MixAttention.Benchmarks.Measuring;

/// <summary>Says on what a number was measured.</summary>
/// <param name="Processor">The processor's name.</param>
/// <param name="Extensions">The vector and matrix extensions that decide which kernels run.</param>
/// <param name="Cores">Logical processors that this process may use.</param>
/// <param name="MemoryGiB">Memory that this process may use.</param>
/// <param name="System">Operating system and runtime.</param>
/// <param name="Date">The day, in UTC.</param>
internal sealed record Machine(string Processor, string Extensions, int Cores, double MemoryGiB, string System, string Date)
{
    private static readonly string[] Decisive = ["avx2", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16"];

    public static Machine Describe(TimeProvider time)
    {
        var lines = File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];
        var flags = Value(lines, "flags").Split(' ');
        string name = $"{Value(lines, "model name")} (family {Value(lines, "cpu family")}, model {Value(lines, "model")})";
        return new Machine(
            lines.Length == 0 ? RuntimeInformation.ProcessArchitecture.ToString() : name,
            string.Join(' ', Decisive.Intersect(flags)),
            Environment.ProcessorCount,
            Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30), 1),
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}",
            time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
    }

    /// <inheritdoc />
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Processor}, {Extensions}; {Cores} cores, {MemoryGiB} GiB; {System}; {Date}");

    private static string Value(string[] lines, string key)
    {
        string? line = Array.Find(lines, l => l.StartsWith(key, StringComparison.Ordinal) && l[key.Length..].TrimStart().StartsWith(':'));
        return line is null ? "unknown" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
