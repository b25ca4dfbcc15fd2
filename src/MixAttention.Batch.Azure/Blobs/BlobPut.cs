using System.Globalization;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Azure.Blobs;

/// <summary>Writes one version of a blob: what fits into a block in one call, more of it as blocks that a last call makes the blob of.</summary>
/// <remarks>
/// The version carries an id of its own in its metadata. Where the service answers that the name is taken or the version is another, the reply to an earlier try may have been lost:
/// then the id tells whether that version is this one. Where it is not, this one may have been there and been replaced, which nobody can tell any more.
/// Blocks of others, and of puts that died, are never part of it, since their ids hold the put's; the service drops them in a week.
/// </remarks>
internal sealed class BlobPut(BlockBlobClient blob, BlobCalls calls, BlobRequestConditions conditions, int blockBytes) : Stream
{
    private const string IdKey = "put";

    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly List<string> _blocks = [];
    private readonly MemoryStream _block = new();
    private bool _isInDoubt; // A try may have taken effect: its reply was lost.

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private Dictionary<string, string> Metadata => new() { [IdKey] = _id };

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            if (_block.Length >= blockBytes)
                await StageAsync(cancellationToken).ConfigureAwait(false);
            int count = (int)Math.Min(buffer.Length, blockBytes - _block.Length);
            _block.Write(buffer.Span[..count]);
            buffer = buffer[count..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // What is written without waiting may make a block longer; it is sent with the next piece that waits.
    public override void Write(byte[] buffer, int offset, int count) => _block.Write(buffer, offset, count);

    public override void WriteByte(byte value) => _block.WriteByte(value);

    public override void Flush()
    {
        // What is written appears as a whole, in the end.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Gives what was written the name.</summary>
    /// <returns>The version's ETag; null when the condition does not hold and this version never was there.</returns>
    /// <exception cref="StoreException">The version may have been there and been replaced, or it was overtaken.</exception>
    public async Task<string?> CommitAsync(CancellationToken cancellationToken)
    {
        if (_blocks.Count > 0)
            await StageAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return BlobArtifactStore.Text(await calls.CallAsync(TrySendAsync, cancellationToken).ConfigureAwait(false));
        }
        catch (RequestFailedException e) when (IsRefusal(e))
        {
            return await FindOwnAsync(cancellationToken).ConfigureAwait(false) is { } own ? own
                : IsUnconditional ? throw Overtaken(e)
                : _isInDoubt ? throw InDoubt(e)
                : null;
        }
    }

    private bool IsUnconditional => conditions.IfMatch is null && conditions.IfNoneMatch is null;

    private async Task<ETag> TrySendAsync(CancellationToken stop)
    {
        bool isAnswered = false;
        try
        {
            var etag = await SendAsync(stop).ConfigureAwait(false);
            isAnswered = true;
            return etag;
        }
        catch (RequestFailedException e) when (e.Status is >= 400 and < 500 and not 408)
        {
            isAnswered = true; // It was refused.
            throw;
        }
        finally
        {
            _isInDoubt |= !isAnswered;
        }
    }

    private async Task<ETag> SendAsync(CancellationToken stop)
    {
        if (_blocks.Count > 0)
            return (await blob.CommitBlockListAsync(_blocks, new CommitBlockListOptions { Conditions = conditions, Metadata = Metadata }, stop).ConfigureAwait(false)).Value.ETag;
        _block.Position = 0;
        using var body = new MemoryStream(_block.GetBuffer(), 0, (int)_block.Length, writable: false); // The SDK closes what it sends.
        return (await blob.UploadAsync(body, new BlobUploadOptions { Conditions = conditions, Metadata = Metadata }, stop).ConfigureAwait(false)).Value.ETag;
    }

    private async Task StageAsync(CancellationToken cancellationToken)
    {
        // All ids of a blob have one length.
        string id = Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_id}{_blocks.Count:00000}")));
        await calls.CallAsync(
            stop =>
            {
                var body = new MemoryStream(_block.GetBuffer(), 0, (int)_block.Length, writable: false);
                return blob.StageBlockAsync(id, body, cancellationToken: stop);
            },
            cancellationToken).ConfigureAwait(false);
        _blocks.Add(id);
        _block.SetLength(0);
    }

    /// <summary>Whether the service says that another version is there: the name is taken, the version is not the one meant, or somebody's commit has dropped these blocks.</summary>
    private static bool IsRefusal(RequestFailedException e) =>
        e.Status is 409 or 412 || (e.Status == 404 && e.ErrorCode != BlobErrorCode.ContainerNotFound) || e.ErrorCode == BlobErrorCode.InvalidBlockList;

    private async Task<string?> FindOwnAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = await calls.CallAsync(stop => blob.GetPropertiesAsync(cancellationToken: stop), cancellationToken).ConfigureAwait(false);
            return now.Value.Metadata.TryGetValue(IdKey, out string? id) && id == _id ? BlobArtifactStore.Text(now.Value.ETag) : null;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    private StoreException InDoubt(Exception cause) =>
        new($"{blob.Name} may have been written, and then replaced by somebody else: the reply was lost, and another version is there now. Read it before you write again.", isTransient: true, cause);

    private StoreException Overtaken(Exception cause) => new($"{blob.Name} was written by somebody else at the same moment, whose commit dropped what was staged. Write it again.", isTransient: true, cause);
}
