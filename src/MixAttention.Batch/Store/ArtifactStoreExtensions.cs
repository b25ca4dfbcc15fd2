namespace MixAttention.Batch.Store;

/// <summary>Reads and writes artifacts that fit in memory.</summary>
public static class ArtifactStoreExtensions
{
    /// <summary>Reads a whole artifact into memory.</summary>
    /// <returns>Content and version; null when there is no such artifact.</returns>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<ArtifactBytes?> ReadBytesAsync(this IArtifactStore store, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var content = await store.ReadAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (content is null)
            return null;
        await using (content.ConfigureAwait(false))
        {
            var bytes = new byte[content.Length];
            try
            {
                await content.Stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            }
            catch (EndOfStreamException e)
            {
                throw new StoreException($"{name} ended before its {content.Length} bytes were read. Check the store; if that is all right, run again.", isTransient: true, e);
            }

            return new ArtifactBytes(bytes, content.ETag);
        }
    }

    /// <summary>Finds an artifact's version without reading it.</summary>
    /// <returns>Null when there is no such artifact.</returns>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<string?> FindETagAsync(this IArtifactStore store, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var content = await store.ReadAsync(name, 0, 0, cancellationToken).ConfigureAwait(false);
        if (content is null)
            return null;
        await content.DisposeAsync().ConfigureAwait(false);
        return content.ETag;
    }

    /// <summary>Creates an artifact from bytes unless the name exists.</summary>
    /// <inheritdoc cref="IArtifactStore.PutIfAbsentAsync" path="/returns" />
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public static Task<string?> PutIfAbsentAsync(this IArtifactStore store, string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.PutIfAbsentAsync(name, (stream, stop) => stream.WriteAsync(content, stop).AsTask(), cancellationToken);
    }

    /// <summary>Replaces an artifact by bytes when it still is the version given.</summary>
    /// <inheritdoc cref="IArtifactStore.PutIfMatchAsync" path="/returns" />
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public static Task<string?> PutIfMatchAsync(this IArtifactStore store, string name, string? etag, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.PutIfMatchAsync(name, etag, (stream, stop) => stream.WriteAsync(content, stop).AsTask(), cancellationToken);
    }
}
