using MixAttention.Engine;

namespace MixAttention.Batch.Jobs;

/// <summary>What the operator decides about a run.</summary>
public sealed class BatchOptions
{
    /// <summary>The largest document taken unless the operator says otherwise.</summary>
    public const long DefaultMaxDocumentBytes = 64L << 20;

    /// <summary>Gets the folder of the results.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>Gets the largest document taken, in bytes.</summary>
    /// <value>64 MiB unless set.</value>
    public long MaxDocumentBytes { get; init; } = DefaultMaxDocumentBytes;

    /// <summary>Gets the engine's options.</summary>
    public EngineOptions Engine { get; init; } = new();
}
