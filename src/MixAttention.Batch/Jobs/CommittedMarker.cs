using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Marks that a job's output and errors are whole.</summary>
public sealed record CommittedMarker
{
    /// <summary>The contract that this version writes.</summary>
    public const string CurrentSchema = "batch.committed/1";

    /// <summary>Gets the contract that the marker was written to.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>Gets the job.</summary>
    public required string JobId { get; init; }

    /// <summary>Gets the job's fingerprint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Gets the segments of the plan that the results cover.</summary>
    public required int Segments { get; init; }

    /// <summary>Gets why some requests were not run; null when all were.</summary>
    public EndReason? Ended { get; init; }

    /// <summary>Gets when the results were put together.</summary>
    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>Gets how many requests succeeded.</summary>
    public required int Succeeded { get; init; }

    /// <summary>Gets how many requests failed.</summary>
    public required int Failed { get; init; }

    /// <summary>Gets the prompt tokens of all successes.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Gets the answers' tokens of all successes.</summary>
    public required long CompletionTokens { get; init; }

    /// <summary>Gets the digest of the successes' file.</summary>
    public required string OutputSha256 { get; init; }

    /// <summary>Gets the digest of the failures' file.</summary>
    public required string ErrorsSha256 { get; init; }

    /// <summary>Reads a job's marker.</summary>
    /// <returns>Null while the job is not finished.</returns>
    /// <exception cref="ContractException">It is another version or damaged.</exception>
    public static async Task<CommittedMarker?> ReadAsync(IArtifactStore store, JobArtifacts artifacts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        var content = await store.ReadBytesAsync(artifacts.Committed, cancellationToken).ConfigureAwait(false);
        return content is null ? null : Parse(content.Bytes, artifacts);
    }

    internal static CommittedMarker Parse(byte[] json, JobArtifacts artifacts) => ContractJson.Read(json, CurrentSchema, ContractJson.Default.CommittedMarker, artifacts.Committed);
}
