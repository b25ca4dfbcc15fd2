using System.Globalization;
using System.Runtime.CompilerServices;
using Azure;
using Azure.Core;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using MixAttention.Batch.Store;
using Polly;

namespace MixAttention.Batch.Azure.Blobs;

/// <summary>Keeps each artifact as a block blob of its name in a container.</summary>
/// <remarks>
/// <para>Conditions are the service's own (If-Match, If-None-Match), and it is consistent: who has seen a version sees no older one. A put and a read hold one block in memory.</para>
/// <para>A read asks for piece after piece of one version. The service keeps no former versions, so one that is replaced while it is read fails with a <see cref="StoreException"/> unless it was
/// short enough to come with the first piece.</para>
/// </remarks>
public sealed class BlobArtifactStore : IArtifactStore
{
    // The account of every emulator, the same everywhere and no secret.
    private const string EmulatorAccount = "devstoreaccount1";
    private const string EmulatorKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private readonly BlobAddress _address;
    private readonly BlobContainerClient _container;
    private readonly BlobStoreOptions _options;
    private readonly BlobCalls _calls;

    private BlobArtifactStore(BlobAddress address, BlobContainerClient container, BlobStoreOptions options, TimeProvider time, Action<ResiliencePipelineBuilder>? inject)
    {
        _address = address;
        _container = container;
        _options = options;
        _calls = new BlobCalls(new BlobFailures(address), options, time, inject);
    }

    /// <summary>Gets how many tries of calls were made again.</summary>
    public long Retries => _calls.Retries;

    /// <summary>Opens a store in a storage account; asks nothing until the first call.</summary>
    /// <param name="address">The container.</param>
    /// <param name="credential">Who asks.</param>
    /// <param name="options">The operator's decisions.</param>
    /// <param name="time">The clock of pauses and limits.</param>
    /// <exception cref="ArgumentException">The address is an emulator's.</exception>
    public static BlobArtifactStore Open(BlobAddress address, TokenCredential credential, BlobStoreOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(options);
        if (address.IsEmulator)
            throw new ArgumentException("An emulator has no identities.", nameof(address));
        return new BlobArtifactStore(address, new BlobContainerClient(ContainerUri(address), credential, ClientOptions()), options, time, inject: null);
    }

    /// <summary>Opens a store in an emulator on this machine.</summary>
    /// <param name="address">The container; its endpoint is this machine.</param>
    /// <param name="options">The operator's decisions.</param>
    /// <param name="time">The clock of pauses and limits.</param>
    /// <exception cref="ArgumentException">The address is not an emulator's.</exception>
    public static BlobArtifactStore OpenEmulator(BlobAddress address, BlobStoreOptions options, TimeProvider time) => OpenEmulator(address, options, time, inject: null);

    internal static BlobArtifactStore OpenEmulator(BlobAddress address, BlobStoreOptions options, TimeProvider time, Action<ResiliencePipelineBuilder>? inject)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(options);
        if (!address.IsEmulator)
            throw new ArgumentException("Only an emulator is reached without an identity.", nameof(address));
        return new BlobArtifactStore(address, new BlobContainerClient(ContainerUri(address), new StorageSharedKeyCredential(EmulatorAccount, EmulatorKey), ClientOptions()), options, time, inject);
    }

    /// <summary>Creates the container, unless it is there: in a cluster that is for whoever sets it up.</summary>
    /// <exception cref="StoreException">It cannot be created.</exception>
    public Task CreateContainerAsync(CancellationToken cancellationToken = default) =>
        _calls.ExplainedAsync("create the container", () => _calls.CallAsync(stop => _container.CreateIfNotExistsAsync(cancellationToken: stop)!, cancellationToken));

    /// <inheritdoc />
    public Task<ArtifactContent?> ReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        ArtifactName.Check(name);
        return _calls.ExplainedAsync($"read {name}", async () => length == 0
            ? Empty(await FindAsync(name, cancellationToken).ConfigureAwait(false))
            : await OpenAsync(name, offset, length ?? long.MaxValue, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc />
    public Task<string?> PutIfAbsentAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArtifactName.Check(name);
        return _calls.ExplainedAsync($"write {name}", async () => await FindETagAsync(name, cancellationToken).ConfigureAwait(false) is null
            ? await PutAsync(name, new BlobRequestConditions { IfNoneMatch = ETag.All }, write, cancellationToken).ConfigureAwait(false)
            : null);
    }

    /// <inheritdoc />
    public Task<string?> PutIfMatchAsync(string name, string? etag, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArtifactName.Check(name);
        return _calls.ExplainedAsync($"write {name}", async () => etag is null || await FindETagAsync(name, cancellationToken).ConfigureAwait(false) == etag
            ? await PutAsync(name, new BlobRequestConditions { IfMatch = etag is null ? null : new ETag(etag) }, write, cancellationToken).ConfigureAwait(false)
            : null);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<ArtifactInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArtifactName.CheckPrefix(prefix);
        string? next = null;
        do
        {
            var page = await _calls.ExplainedAsync($"list {prefix}", () => _calls.CallAsync(stop => ReadPageAsync(_address.Prefix + prefix, next, stop), cancellationToken)).ConfigureAwait(false);
            foreach (var blob in page.Values)
            {
                string name = blob.Name[_address.Prefix.Length..];
                if (ArtifactName.IsValid(name))
                    yield return new ArtifactInfo(name, blob.Properties.ContentLength ?? 0, Text(blob.Properties.ETag!.Value)); // The service always gives one.
            }

            next = page.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(next));
    }

    /// <inheritdoc />
    public Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ArtifactName.Check(name);
        return _calls.ExplainedAsync($"delete {name}", () => _calls.CallAsync(stop => Blob(name).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: stop), cancellationToken));
    }

    /// <summary>Writes an ETag in its one form: listings leave the quotes out that headers have.</summary>
    internal static string Text(ETag etag) => etag.ToString("H");

    private static Uri ContainerUri(BlobAddress address) => new($"{address.Account.ToString().TrimEnd('/')}/{address.Container}");

    /// <summary>Repeats nothing: <see cref="BlobCalls"/> does.</summary>
    private static BlobClientOptions ClientOptions()
    {
        var options = new BlobClientOptions();
        options.Retry.MaxRetries = 0;
        options.Retry.NetworkTimeout = Timeout.InfiniteTimeSpan; // A try's time is the pipeline's.
        return options;
    }

    private static async Task<Page<BlobItem>> ReadPageAsync(BlobContainerClient container, string prefix, string? token, CancellationToken stop)
    {
        await foreach (var page in container.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, stop).AsPages(token).ConfigureAwait(false))
            return page;
        throw new IOException("A listing has no page."); // The SDK gives one, also of nothing.
    }

    private Task<Page<BlobItem>> ReadPageAsync(string prefix, string? token, CancellationToken stop) => ReadPageAsync(_container, prefix, token, stop);

    private BlobClient Blob(string name) => _container.GetBlobClient(_address.Prefix + name);

    private async Task<BlobProperties?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await _calls.CallAsync(stop => Blob(name).GetPropertiesAsync(cancellationToken: stop), cancellationToken).ConfigureAwait(false)).Value;
        }
        catch (RequestFailedException e) when (IsNotThere(e))
        {
            return null;
        }
    }

    private async Task<string?> FindETagAsync(string name, CancellationToken cancellationToken) => await FindAsync(name, cancellationToken).ConfigureAwait(false) is { } found ? Text(found.ETag) : null;

    // An answer without a body, as to a HEAD, says no more than its status.
    private static bool IsNotThere(RequestFailedException e) => e.Status == 404 && e.ErrorCode != BlobErrorCode.ContainerNotFound;

    private static ArtifactContent? Empty(BlobProperties? found) => found is null ? null : new ArtifactContent(Stream.Null, Text(found.ETag), found.ContentLength);

    private async Task<ArtifactContent?> OpenAsync(string name, long offset, long length, CancellationToken cancellationToken)
    {
        var blob = Blob(name);
        var options = new BlobDownloadOptions { Range = new HttpRange(offset, Math.Min(length, _options.BlockBytes)) };
        try
        {
            var first = (await _calls.CallAsync(stop => blob.DownloadContentAsync(options, stop), cancellationToken).ConfigureAwait(false)).Value;
            string range = first.Details.ContentRange; // "bytes 0-9/10"
            long all = long.Parse(range.AsSpan(range.IndexOf('/', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);
            long end = length < all - offset ? offset + length : all;
            return new ArtifactContent(new BlobReadStream(blob, _calls, name, first.Details.ETag, first.Content.ToArray(), offset, end, _options.BlockBytes), Text(first.Details.ETag), all);
        }
        catch (RequestFailedException e) when (IsNotThere(e))
        {
            return null;
        }
        catch (RequestFailedException e) when (e.Status == 416)
        {
            // The range begins behind the end, unless a longer version has come meanwhile.
            var found = await FindAsync(name, cancellationToken).ConfigureAwait(false);
            return found?.ContentLength > offset ? await OpenAsync(name, offset, length, cancellationToken).ConfigureAwait(false) : Empty(found);
        }
    }

    private async Task<string?> PutAsync(string name, BlobRequestConditions conditions, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        var put = new BlobPut(_container.GetBlockBlobClient(_address.Prefix + name), _calls, conditions, _options.BlockBytes);
        await using var _ = put.ConfigureAwait(false);
        await write(put, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return await put.CommitAsync(cancellationToken).ConfigureAwait(false);
    }
}
