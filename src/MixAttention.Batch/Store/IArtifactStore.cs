namespace MixAttention.Batch.Store;

/// <summary>Keeps named artifacts: whole or absent, replaced only by who has seen the present version.</summary>
/// <remarks>
/// <para>Names are those that <see cref="ArtifactName"/> allows; any other is an <see cref="ArgumentException"/>, whatever the verb.</para>
/// <para>When a put returns, its content survives a loss of power. A put whose writer throws or dies leaves nothing.</para>
/// <para>A put that throws <see cref="StoreException"/> may have taken effect all the same (the reply was lost): read before writing again.</para>
/// <para>Safe for use from several threads, processes and machines at once, as far as the store reaches.</para>
/// </remarks>
public interface IArtifactStore
{
    /// <summary>Opens an artifact, or a range of it.</summary>
    /// <param name="name">The artifact.</param>
    /// <param name="offset">Bytes to skip; a range that begins after the end is empty.</param>
    /// <param name="length">Bytes to read at most; null reads to the end.</param>
    /// <param name="cancellationToken">Stops the opening.</param>
    /// <returns>One version, whoever replaces it meanwhile: a store that does not keep that one ends the reading with a <see cref="StoreException"/>. The caller disposes it. Null when there is no such artifact.</returns>
    /// <exception cref="StoreException">The store cannot be read; the stream throws it, too.</exception>
    Task<ArtifactContent?> ReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default);

    /// <summary>Creates an artifact unless the name exists.</summary>
    /// <param name="name">The artifact.</param>
    /// <param name="write">Writes the content; not called where the name is seen to exist beforehand.</param>
    /// <param name="cancellationToken">Stops the writing; nothing is left then.</param>
    /// <returns>The new version's ETag; null when the name exists, which is then unchanged.</returns>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    Task<string?> PutIfAbsentAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default);

    /// <summary>Replaces an artifact that still is the version given.</summary>
    /// <param name="name">The artifact.</param>
    /// <param name="etag">The version to replace; null creates or replaces whatever is there.</param>
    /// <param name="write">Writes the content; not called where another version is seen beforehand.</param>
    /// <param name="cancellationToken">Stops the writing; the former version is left then.</param>
    /// <returns>The new version's ETag, another one even if the content is the same; null when the artifact is another version or gone, and unchanged.</returns>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    Task<string?> PutIfMatchAsync(string name, string? etag, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default);

    /// <summary>Lists the artifacts whose names begin with a prefix, in ordinal order of names.</summary>
    /// <param name="prefix">The beginning of a name, not necessarily a folder; empty lists all.</param>
    /// <param name="cancellationToken">Stops the listing.</param>
    /// <remarks>What is written or deleted while the listing runs may be in it or not.</remarks>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    IAsyncEnumerable<ArtifactInfo> ListAsync(string prefix, CancellationToken cancellationToken = default);

    /// <summary>Deletes an artifact; to delete what is not there is fine.</summary>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    Task DeleteAsync(string name, CancellationToken cancellationToken = default);
}
