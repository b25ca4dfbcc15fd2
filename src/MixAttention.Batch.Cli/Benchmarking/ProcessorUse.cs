using System.Diagnostics;
using System.Globalization;

namespace MixAttention.Batch.Cli.Benchmarking;

/// <summary>Measures how much of the machine other processes took: a run beside a busy neighbour proves nothing.</summary>
internal sealed class ProcessorUse
{
    private const string Statistics = "/proc/stat";

    private readonly (double Busy, double All)? _machine = ReadMachine();
    private readonly TimeSpan _own = ReadOwn();

    /// <summary>Computes the share of all processors that others took since this was made; null where the system does not tell.</summary>
    public double? OtherShare()
    {
        if (_machine is not { } before || ReadMachine() is not { } now || now.All <= before.All)
            return null;
        const double ticksPerSecond = 100; // USER_HZ, fixed on Linux
        double own = (ReadOwn() - _own).TotalSeconds * ticksPerSecond;
        return Math.Max(0, (now.Busy - before.Busy - own) / (now.All - before.All));
    }

    private static TimeSpan ReadOwn()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    private static (double Busy, double All)? ReadMachine()
    {
        if (!File.Exists(Statistics))
            return null;

        // cpu user nice system idle iowait irq softirq steal; guest time is in user already.
        double[] ticks = [.. File.ReadLines(Statistics).First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(t => double.Parse(t, CultureInfo.InvariantCulture))];
        double all = ticks.Sum();
        return (all - ticks[3] - ticks[4], all);
    }
}
