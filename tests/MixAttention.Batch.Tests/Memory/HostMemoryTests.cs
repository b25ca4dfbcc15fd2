using MixAttention.Batch.Memory;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Memory;

public sealed class HostMemoryTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public HostMemoryTests() => _root.Write("proc/meminfo", "MemTotal:       2000 kB\nMemFree:         100 kB\nMemAvailable:   1000 kB\n");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Machine_without_control_groups_gives_what_is_available() => AssertFree(1_024_000, byCgroup: false);

    [Fact]
    public void Limit_of_a_parent_group_counts_and_cached_pages_do_not()
    {
        _root.Write("proc/self/cgroup", "0::/pod/container\n");
        _root.Write("sys/fs/cgroup/pod/container/memory.max", "max\n");
        _root.Write("sys/fs/cgroup/pod/container/memory.current", "5000\n");
        _root.Write("sys/fs/cgroup/pod/memory.max", "700000\n");
        _root.Write("sys/fs/cgroup/pod/memory.current", "300000\n");
        _root.Write("sys/fs/cgroup/pod/memory.stat", "anon 200000\ninactive_file 100000\nactive_file 1\n");
        AssertFree(500_000, byCgroup: true);
    }

    [Fact]
    public void First_version_of_control_groups_counts_too()
    {
        _root.Write("proc/self/cgroup", "4:cpu,memory:/job\n3:cpuset:/\n0::/\n");
        _root.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        _root.Write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n");
        _root.Write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "400000\n");
        _root.Write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "100000\n");
        AssertFree(300_000, byCgroup: true);
    }

    [Fact]
    public void Group_that_cannot_be_seen_falls_back_to_its_mount()
    {
        _root.Write("proc/self/cgroup", "0::/docker/0123\n");
        _root.Write("sys/fs/cgroup/memory.max", "600000\n");
        _root.Write("sys/fs/cgroup/memory.current", "700000\n");
        AssertFree(0, byCgroup: true);
    }

    [Fact]
    public void This_machine_has_memory() => Assert.True(HostMemory.Read().FreeBytes > 1 << 20);

    private void AssertFree(long bytes, bool byCgroup) => Assert.Equal(new HostMemory(bytes, byCgroup), HostMemory.Read(_root.Path));
}
