using System.Text.Json;
using System.Text.Json.Serialization;

namespace MixAttention.Batch.Jobs;

/// <summary>Where a job is: OpenAI's batch object, and under <c>x_batch</c> what that has no place for.</summary>
/// <remarks>Derived from the store at each asking, so it cannot drift from the results. Times are seconds since 1970; null is unknown or has not happened.</remarks>
public sealed record JobStatus
{
    /// <summary>Gets the job's id.</summary>
    public required string Id { get; init; }

    /// <summary>Gets the kind of the object.</summary>
    [JsonPropertyName("object")]
    public string Kind { get; init; } = "batch";

    /// <summary>Gets what the requests would be sent to.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Gets the served name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Gets the listing of the input.</summary>
    public required string InputFileId { get; init; }

    /// <summary>Gets the time that was agreed for the job; there is none.</summary>
    public string? CompletionWindow { get; init; }

    /// <summary>Gets where it is.</summary>
    public required BatchStatus Status { get; init; }

    /// <summary>Gets the artifact of the successes, once the job is finished.</summary>
    public string? OutputFileId { get; init; }

    /// <summary>Gets the artifact of the failures, once the job is finished.</summary>
    public string? ErrorFileId { get; init; }

    /// <summary>Gets faults of the input; a job with such faults is not submitted.</summary>
    public string? Errors { get; init; }

    /// <summary>Gets when the job was made.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>Gets when what has not run is given up.</summary>
    public long? ExpiresAt { get; init; }

    /// <summary>Gets when the results were whole.</summary>
    public long? CompletedAt { get; init; }

    /// <summary>Gets when the results were whole of a job whose deadline had passed.</summary>
    public long? ExpiredAt { get; init; }

    /// <summary>Gets when the results were whole of a job that was ended before its time.</summary>
    public long? CancelledAt { get; init; }

    /// <summary>Gets what became of the requests.</summary>
    public required RequestCounts RequestCounts { get; init; }

    /// <summary>Gets the tokens of all successes, once the job is finished.</summary>
    public JobUsage? Usage { get; init; }

    /// <summary>Gets what the batch object has no place for.</summary>
    public required JobDetails XBatch { get; init; }

    /// <summary>Gets whether nothing more will happen.</summary>
    [JsonIgnore]
    public bool IsFinal => Status is BatchStatus.Completed or BatchStatus.Expired or BatchStatus.Cancelled;

    /// <summary>Writes the object on one line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JobStatusJson.Default.JobStatus);
}

/// <summary>Where a job is, in OpenAI's words; a job whose input is at fault is not submitted, so none is ever failed or validating.</summary>
public enum BatchStatus
{
    /// <summary>Its requests wait or run.</summary>
    [JsonStringEnumMemberName("in_progress")]
    InProgress,

    /// <summary>All have run, and the results are being put together.</summary>
    [JsonStringEnumMemberName("finalizing")]
    Finalizing,

    /// <summary>The results are whole.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>The results are whole; what had not run at the deadline failed.</summary>
    [JsonStringEnumMemberName("expired")]
    Expired,

    /// <summary>Somebody, or the job's own limit, asked that no more be run.</summary>
    [JsonStringEnumMemberName("cancelling")]
    Cancelling,

    /// <summary>The results are whole; what had not run when the job was ended failed.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>What became of a job's requests.</summary>
/// <param name="Total">All requests.</param>
/// <param name="Completed">Those that succeeded.</param>
/// <param name="Failed">Those that failed.</param>
public sealed record RequestCounts(int Total, int Completed, int Failed);

/// <summary>Tokens of all successes.</summary>
/// <param name="InputTokens">Tokens that went in.</param>
/// <param name="OutputTokens">Tokens that came out.</param>
/// <param name="TotalTokens">Their sum.</param>
public sealed record JobUsage(long InputTokens, long OutputTokens, long TotalTokens);

/// <summary>What OpenAI's batch object has no place for.</summary>
public sealed record JobDetails
{
    /// <summary>Gets the digest of everything in the manifest that can change a result.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Gets the shards; none once the job was deleted but for its outputs.</summary>
    public required int Shards { get; init; }

    /// <summary>Gets the shards whose results are committed.</summary>
    public required int ShardsCommitted { get; init; }

    /// <summary>Gets the requests that are in an engine, as far as checkpoints tell: those of a worker that has just died are among them.</summary>
    public int RowsRunning { get; init; }

    /// <summary>Gets the requests that wait.</summary>
    public int RowsQueued { get; init; }

    /// <summary>Gets the times that a worker died with requests of the job.</summary>
    public int Crashes { get; init; }

    /// <summary>Gets the requests that were running in several of these deaths, and run alone therefore.</summary>
    public int Suspects { get; init; }

    /// <summary>Gets why the job was ended before its time; null where it was not.</summary>
    public EndReason? Ended { get; init; }

    /// <summary>Gets the messages of the job that wait for a person.</summary>
    public IReadOnlyList<ShardAside> PutAside { get; init; } = [];
}

/// <summary>A shard whose message waits for a person.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Reason">Why, in one word.</param>
/// <param name="Cure">What was found and what to do.</param>
public sealed record ShardAside(int Shard, string Reason, string Cure);

[JsonSerializable(typeof(JobStatus))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
internal sealed partial class JobStatusJson : JsonSerializerContext;
