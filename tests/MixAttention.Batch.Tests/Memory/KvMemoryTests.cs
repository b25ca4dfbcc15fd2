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
        Assert.Contains("12.0 GB free in the control group", memory.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_leave_nothing_are_one_line_with_the_cure()
    {
        var error = Assert.Throws<BatchException>(() => KvMemory.Choose(new HostMemory(GB, false), GB, 0, GB));
        Assert.Contains("Free some memory, choose a smaller model, or set the size yourself with --memory.", error.Message, StringComparison.Ordinal);
    }
}
