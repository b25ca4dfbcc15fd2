using MixAttention.Batch.Memory;

namespace MixAttention.Batch.Tests.Memory;

public sealed class KvMemoryTests
{
    private const long GB = 1_000_000_000;

    [Fact]
    public void Default_is_four_fifths_of_what_weights_and_scratch_leave()
    {
        var memory = KvMemory.Choose(new HostMemory(12 * GB, false), GB, GB, long.MaxValue);
        Assert.Equal(8 * GB, memory.Bytes);
        Assert.Equal("KV memory: 8.00 GB = 0.8 × (12.0 GB free − 1.00 GB weights − 1.00 GB scratch); --memory sets it.", memory.Explanation);
    }

    [Fact]
    public void Default_is_no_more_than_the_job_can_use()
    {
        var memory = KvMemory.Choose(new HostMemory(12 * GB, true), GB, GB, 3 * GB);
        Assert.Equal(3 * GB, memory.Bytes);
        Assert.Equal("KV memory: 3.00 GB, all that these requests can use; 8.00 GB could be had. --memory sets it.", memory.Explanation);
    }

    [Fact]
    public void More_than_there_is_is_refused_with_what_is_free()
    {
        var error = Assert.Throws<BatchException>(() => KvMemory.Asked(13 * GB, new HostMemory(12 * GB, true)));
        Assert.Equal("--memory is 13.0 GB, and there are 12.0 GB free in the control group. Give less, or leave it out to take what can be had.", error.Message);
        Assert.Equal(12 * GB, KvMemory.Asked(12 * GB, new HostMemory(12 * GB, true)).Bytes);
        Assert.Equal(13 * GB, KvMemory.Asked(13 * GB, null).Bytes); // A device's own memory.
    }

    [Fact]
    public void Weights_that_leave_nothing_are_one_line_with_the_cure()
    {
        var error = Assert.Throws<BatchException>(() => KvMemory.Choose(new HostMemory(GB, false), GB, 0, GB));
        Assert.Contains("Free some memory, choose a smaller model, or set the size yourself with --memory.", error.Message, StringComparison.Ordinal);
    }
}
