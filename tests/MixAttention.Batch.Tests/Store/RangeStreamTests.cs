using MixAttention.Batch.Store;

namespace MixAttention.Batch.Tests.Store;

/// <summary>A disk that fails while an artifact is read is the store's failure: work is given back, and no document or job is blamed.</summary>
public sealed class RangeStreamTests
{
    private static RangeStream OpenBroken() => new(new BrokenStream(), 10, e => new StoreException($"Cannot read: {e.Message}", isTransient: true, e));

    [Fact]
    public async Task Failure_of_the_stream_is_the_stores()
    {
        await using var stream = OpenBroken();
        Assert.True((await Assert.ThrowsAsync<StoreException>(async () => await stream.ReadExactlyAsync(new byte[4], TestContext.Current.CancellationToken))).IsTransient);
        Assert.Equal("Cannot read: broken", Assert.Throws<StoreException>(() => stream.ReadExactly(new byte[4])).Message);
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override int Read(Span<byte> buffer) => throw new IOException("broken");

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("broken");
    }
}
