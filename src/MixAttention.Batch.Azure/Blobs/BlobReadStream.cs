using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Azure.Blobs;

/// <summary>Reads one version of a blob, piece by piece; each piece is asked for by the version's ETag, and asked for again where it fails.</summary>
internal sealed class BlobReadStream(BlobClient blob, BlobCalls calls, string name, ETag etag, byte[] first, long position, long end, int pieceBytes) : Stream
{
    private ReadOnlyMemory<byte> _piece = first;
    private long _position = position + first.Length; // Of the first byte behind the piece.

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="StoreException">The service cannot be read, or the version has been replaced and is not kept.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_piece.IsEmpty && _position < end && !buffer.IsEmpty)
            _piece = await FetchAsync(cancellationToken).ConfigureAwait(false);
        int count = Math.Min(buffer.Length, _piece.Length);
        _piece[..count].CopyTo(buffer);
        _piece = _piece[count..];
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Blobs are read asynchronously.");

    public override void Flush()
    {
        // Nothing is ever written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async Task<ReadOnlyMemory<byte>> FetchAsync(CancellationToken cancellationToken)
    {
        var options = new BlobDownloadOptions
        {
            Range = new HttpRange(_position, Math.Min(pieceBytes, end - _position)),
            Conditions = new BlobRequestConditions { IfMatch = etag },
        };
        try
        {
            var content = await calls.ExplainedAsync($"read {name}", () => calls.CallAsync(stop => blob.DownloadContentAsync(options, stop), cancellationToken)).ConfigureAwait(false);
            var piece = content.Value.Content.ToMemory();
            _position += piece.Length;
            return piece;
        }
        catch (StoreException e) when (e.InnerException is RequestFailedException { Status: 404 or 412 })
        {
            throw new StoreException($"{name} was replaced or deleted while it was read, and the store keeps no former version. Read it again.", isTransient: true, e);
        }
    }
}
