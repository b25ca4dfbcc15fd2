using MixAttention.Batch.Azure.Resilience;

namespace MixAttention.Batch.Azure.Blobs;

/// <summary>What the operator decides about a store in Blob Storage.</summary>
public sealed record BlobStoreOptions
{
    /// <summary>Gets the bytes that are sent and fetched at once. A put and a read hold this much memory each.</summary>
    /// <value>4 MiB unless set.</value>
    public int BlockBytes { get; init; } = 4 << 20;

    /// <summary>Gets how long one try of a call may take.</summary>
    /// <value>30 seconds unless set: a block at 1 Mbit/s.</value>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets the pause before a call is repeated first.</summary>
    internal TimeSpan FirstPause { get; init; } = CloudRetry.FirstPause;
}
