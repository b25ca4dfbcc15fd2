using System.Collections.Immutable;
using System.Globalization;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Tests.Support.Stepping;

/// <summary>Keeps artifacts in memory, so that a store can be copied at any moment for nothing.</summary>
internal sealed class MemoryArtifactStore : IArtifactStore
{
    private readonly Lock _lock = new();
    private ImmutableSortedDictionary<string, MemoryArtifact> _artifacts = ImmutableSortedDictionary.Create<string, MemoryArtifact>(StringComparer.Ordinal);
    private ImmutableDictionary<string, int> _versions = ImmutableDictionary.Create<string, int>(StringComparer.Ordinal); // Of deleted artifacts, too: no version comes twice.

    /// <summary>Gets all artifacts as they are now.</summary>
    public ImmutableSortedDictionary<string, MemoryArtifact> Artifacts
    {
        get
        {
            lock (_lock)
                return _artifacts;
        }
    }

    /// <summary>Makes a store of the same content, which goes its own way.</summary>
    public MemoryArtifactStore Copy()
    {
        lock (_lock)
            return new MemoryArtifactStore { _artifacts = _artifacts, _versions = _versions };
    }

    public Task<ArtifactContent?> ReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        ArtifactName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (Artifacts.GetValueOrDefault(name) is not { } found)
            return Task.FromResult<ArtifactContent?>(null);
        int start = (int)Math.Min(offset, found.Bytes.Length), count = (int)Math.Min(length ?? long.MaxValue, found.Bytes.Length - start);
        return Task.FromResult<ArtifactContent?>(new ArtifactContent(new MemoryStream(found.Bytes, start, count, writable: false), found.ETag, found.Bytes.Length));
    }

    public Task<string?> PutIfAbsentAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default) =>
        PutAsync(name, present => present is null, write, cancellationToken);

    public Task<string?> PutIfMatchAsync(string name, string? etag, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default) =>
        PutAsync(name, present => etag is null || present?.ETag == etag, write, cancellationToken);

    public IAsyncEnumerable<ArtifactInfo> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        ArtifactName.CheckPrefix(prefix);
        return Artifacts.Where(a => a.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(a => new ArtifactInfo(a.Key, a.Value.Bytes.Length, a.Value.ETag)).ToAsyncEnumerable();
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        ArtifactName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
            _artifacts = _artifacts.Remove(name);
        return Task.CompletedTask;
    }

    private async Task<string?> PutAsync(string name, Func<MemoryArtifact?, bool> isAllowed, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArtifactName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (!isAllowed(Artifacts.GetValueOrDefault(name)))
            return null;
        using var content = new MemoryStream();
        await write(content, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (!isAllowed(_artifacts.GetValueOrDefault(name)))
                return null;
            int version = _versions.GetValueOrDefault(name) + 1;
            var artifact = new MemoryArtifact(content.ToArray(), version.ToString(CultureInfo.InvariantCulture));
            (_artifacts, _versions) = (_artifacts.SetItem(name, artifact), _versions.SetItem(name, version));
            return artifact.ETag;
        }
    }
}

/// <summary>One version of an artifact in memory.</summary>
internal sealed record MemoryArtifact(byte[] Bytes, string ETag);
