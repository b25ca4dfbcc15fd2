namespace MixAttention.Batch.Store;

/// <summary>Describes one version of an artifact.</summary>
/// <param name="Name">The artifact's name.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ETag">Names the version: no two versions of a name share it. Opaque, and only good in the store that gave it.</param>
public sealed record ArtifactInfo(string Name, long Length, string ETag);

/// <summary>Holds one version of an artifact open for reading.</summary>
/// <param name="Stream">The range asked for; read forwards only.</param>
/// <param name="ETag">Names the version.</param>
/// <param name="Length">Bytes of the whole artifact, not of the range.</param>
public sealed record ArtifactContent(Stream Stream, string ETag, long Length) : IAsyncDisposable
{
    /// <summary>Closes the stream.</summary>
    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}

/// <summary>Holds one version of a small artifact in memory.</summary>
/// <param name="Bytes">The whole content.</param>
/// <param name="ETag">Names the version.</param>
public sealed record ArtifactBytes(byte[] Bytes, string ETag);
