using System.Text.Json.Serialization;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Asks the workers of a job to run no more of its requests. Those that have finished are kept.</summary>
/// <param name="UpToRun">The submissions of shards that are meant: a retry that comes later runs.</param>
/// <param name="Reason">Cancelled by a person, or failed by the job's own limit.</param>
public sealed record JobControl(int UpToRun, EndReason Reason)
{
    /// <summary>The contract that this version writes.</summary>
    public const string CurrentSchema = "batch.job-control/1";

    /// <summary>Gets the contract that it was written to.</summary>
    [JsonPropertyOrder(-1)]
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>Reads a job's control.</summary>
    /// <returns>Null when nobody asked for anything.</returns>
    /// <exception cref="ContractException">It is another version or damaged.</exception>
    public static async Task<JobControl?> ReadAsync(IArtifactStore store, JobArtifacts artifacts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        var content = await store.ReadBytesAsync(artifacts.Control, cancellationToken).ConfigureAwait(false);
        return content is null ? null : ContractJson.Read(content.Bytes, CurrentSchema, ContractJson.Default.JobControl, artifacts.Control);
    }

    /// <summary>Asks a job to end; of several askers the first one's reason stays.</summary>
    public async Task WriteAsync(IArtifactStore store, JobArtifacts artifacts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(artifacts);
        var former = await store.ReadBytesAsync(artifacts.Control, cancellationToken).ConfigureAwait(false);
        byte[] json = ContractJson.Write(this, ContractJson.Default.JobControl);
        if (former is null)
            await store.PutIfAbsentAsync(artifacts.Control, json, cancellationToken).ConfigureAwait(false);
        else if (ContractJson.Read(former.Bytes, CurrentSchema, ContractJson.Default.JobControl, artifacts.Control).UpToRun < UpToRun)
            await store.PutIfMatchAsync(artifacts.Control, former.ETag, json, cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>Why requests of a job are not run any more.</summary>
public enum EndReason
{
    /// <summary>A person cancelled the job.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>More requests failed than the job allows.</summary>
    [JsonStringEnumMemberName("too_many_errors")]
    TooManyErrors,

    /// <summary>The job's deadline has passed.</summary>
    [JsonStringEnumMemberName("expired")]
    Expired,
}
