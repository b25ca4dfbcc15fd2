namespace MixAttention.Batch.Store;

/// <summary>Reads an artifact's stream up to a number of bytes, and owns it; what fails underneath is the store's failure, not that of whoever reads.</summary>
/// <param name="inner">The stream.</param>
/// <param name="length">The most bytes that are read.</param>
/// <param name="explain">Says what an <see cref="IOException"/> of the stream means.</param>
internal sealed class RangeStream(Stream inner, long length, Func<IOException, StoreException> explain) : Stream
{
    private long _left = length;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return Count(inner.Read(buffer[..Cut(buffer.Length)]));
        }
        catch (IOException e)
        {
            throw explain(e);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Count(await inner.ReadAsync(buffer[..Cut(buffer.Length)], cancellationToken).ConfigureAwait(false));
        }
        catch (IOException e)
        {
            throw explain(e);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // Nothing is ever written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private int Cut(int count) => (int)Math.Min(count, _left);

    private int Count(int read)
    {
        _left -= read;
        return read;
    }
}
