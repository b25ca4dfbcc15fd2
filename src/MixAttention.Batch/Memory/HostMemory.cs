using System.Globalization;

namespace MixAttention.Batch.Memory;

/// <summary>States how much memory this process may still take.</summary>
/// <param name="FreeBytes">What the machine has available, or what the process's control group leaves if that is less.</param>
/// <param name="IsLimitedByCgroup">Whether a control group's limit decided.</param>
public sealed record HostMemory(long FreeBytes, bool IsLimitedByCgroup)
{
    /// <summary>Reads the machine's state from /proc and /sys.</summary>
    /// <param name="root">Where these folders lie; <c>/</c> except in tests.</param>
    public static HostMemory Read(string root = "/")
    {
        long machine = ReadMachine(Path.Combine(root, "proc/meminfo"));
        long cgroup = ReadCgroups(root);
        return cgroup < machine ? new HostMemory(cgroup, true) : new HostMemory(machine, false);
    }

    private static long ReadMachine(string meminfo)
    {
        // Without /proc, the runtime's own view must do.
        if (!File.Exists(meminfo))
            return GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        string line = File.ReadLines(meminfo).First(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Finds what the tightest of the process's control groups and their parents leaves; both versions of control groups may be mounted.</summary>
    private static long ReadCgroups(string root)
    {
        string membership = Path.Combine(root, "proc/self/cgroup");
        if (!File.Exists(membership))
            return long.MaxValue;
        long free = long.MaxValue;
        foreach (string[] parts in File.ReadLines(membership).Select(l => l.Split(':', 3)).Where(p => p.Length == 3))
        {
            if (parts[1].Length == 0)
                free = Math.Min(free, Walk(Path.Combine(root, "sys/fs/cgroup"), parts[2], "memory.max", "memory.current", "inactive_file"));
            else if (parts[1].Split(',').Contains("memory"))
                free = Math.Min(free, Walk(Path.Combine(root, "sys/fs/cgroup/memory"), parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"));
        }

        return free;
    }

    private static long Walk(string mount, string path, string limitFile, string usageFile, string reclaimable)
    {
        long free = long.MaxValue;
        for (string? group = path.Trim('/'); group is not null; group = group.Length == 0 ? null : Path.GetDirectoryName(group))
        {
            string folder = Path.Combine(mount, group);
            if (ReadNumber(Path.Combine(folder, limitFile)) is not { } limit || ReadNumber(Path.Combine(folder, usageFile)) is not { } usage)
                continue;

            // Cached file pages count as usage but are given back on demand.
            string stat = Path.Combine(folder, "memory.stat");
            string? cached = File.Exists(stat) ? File.ReadLines(stat).FirstOrDefault(l => l.StartsWith(reclaimable + " ", StringComparison.Ordinal)) : null;
            long cachedBytes = cached is null ? 0 : long.Parse(cached[(reclaimable.Length + 1)..], CultureInfo.InvariantCulture);
            free = Math.Min(free, Math.Max(0, limit - usage + cachedBytes));
        }

        return free;
    }

    /// <summary>Reads a number; null when there is none, such as <c>max</c>.</summary>
    private static long? ReadNumber(string path) => File.Exists(path) && long.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out long value) ? value : null;
}
