using System.Text.Json.Serialization;

namespace MixAttention.Batch.Jobs;

/// <summary>Asks a worker for one shard of a job: a claim check, all else lies in the store.</summary>
/// <param name="JobId">The job; one segment of an artifact's name.</param>
/// <param name="Shard">Which shard, from zero.</param>
/// <param name="Manifest">The artifact that holds the job's manifest: a name in the worker's own store, never an address.</param>
/// <param name="ModelName">The served name of the model that the job asks for.</param>
/// <param name="Run">Counts the times that the shard was submitted, from zero, so that a retry is a message of its own.</param>
/// <param name="Traceparent">The W3C trace context of the submission, if any.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record JobMessage(string JobId, int Shard, string Manifest, string ModelName, int Run = 0, string? Traceparent = null)
{
    /// <summary>The contract that this version writes.</summary>
    public const string CurrentSchema = "batch.job-message/1";

    /// <summary>Gets the contract that the message was written to.</summary>
    [JsonPropertyOrder(-1)]
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>Gets what a queue tells messages apart by.</summary>
    [JsonIgnore]
    public string MessageId => $"{JobId}:{Shard}:{Run}";
}
