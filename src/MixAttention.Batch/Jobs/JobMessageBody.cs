using System.Text.Json;
using System.Text.Json.Serialization;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Writes messages as JSON and reads what queues deliver, which anybody may have sent.</summary>
public static class JobMessageBody
{
    /// <summary>The most bytes of a body.</summary>
    public const int MaxBytes = 4096;

    /// <summary>The most characters of a message id.</summary>
    public const int MaxMessageIdLength = 128;

    /// <summary>Writes a message.</summary>
    /// <exception cref="ArgumentException">The message breaks a rule that readers hold it to.</exception>
    public static byte[] Write(JobMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(message, JobMessageJson.Default.JobMessage);
        if (FindProblem(message, body.Length) is { } problem)
            throw new ArgumentException(problem, nameof(message));
        return body;
    }

    /// <summary>Reads a message.</summary>
    /// <param name="body">What a queue delivered.</param>
    /// <param name="problem">Why it is no message that this version can work on, and what to do; null when it is.</param>
    /// <returns>The message; null when there is a problem.</returns>
    public static JobMessage? Read(ReadOnlySpan<byte> body, out string? problem)
    {
        problem = body.Length > MaxBytes ? TooLong(body.Length) : null;
        if (problem is not null)
            return null;
        try
        {
            // The version first: of another version's fields nothing is known.
            string? schema = JsonSerializer.Deserialize(body, JobMessageJson.Default.SchemaOnly)?.Schema;
            var message = schema == JobMessage.CurrentSchema ? JsonSerializer.Deserialize(body, JobMessageJson.Default.JobMessage) : null;
            problem = message is null ? WrongSchema(schema) : FindProblem(message, body.Length);
            return problem is null ? message : null;
        }
        catch (JsonException e)
        {
            problem = $"The body is not JSON of the contract {JobMessage.CurrentSchema}: {e.Message} Submit the job again with this version of mixbatch, or drop the message.";
            return null;
        }
    }

    private static string? FindProblem(JobMessage message, int bodyLength)
    {
        if (bodyLength > MaxBytes)
            return TooLong(bodyLength);
        if (message.Schema != JobMessage.CurrentSchema)
            return WrongSchema(message.Schema);
        if (!ArtifactName.IsValidSegment(message.JobId))
            return $"job_id is '{message.JobId}'. It must be one segment of an artifact's name: letters, digits, '_', '-' and '.'.";
        if (!ArtifactName.IsValid(message.Manifest))
            return $"manifest is '{message.Manifest}'. It must be the name of an artifact in the worker's store, such as jobs/{message.JobId}/manifest.json, and no address.";
        if (message.Shard < 0 || message.Run < 0)
            return $"shard is {message.Shard} and run is {message.Run}. Both count from zero.";
        if (string.IsNullOrEmpty(message.ModelName))
            return "model_name is empty. It must be the name that workers serve the job's model under.";
        return message.MessageId.Length > MaxMessageIdLength
            ? $"The message id {message.MessageId} has {message.MessageId.Length} characters, and queues take {MaxMessageIdLength}. Use a shorter job_id."
            : null;
    }

    private static string TooLong(int bytes) => $"The body has {bytes} bytes, and messages have at most {MaxBytes}. Whatever is long belongs into the manifest.";

    private static string WrongSchema(string? schema) =>
        $"schema is '{schema}', and this version of mixbatch reads {JobMessage.CurrentSchema} alone. Run a worker of the version that submitted the job, or submit it again with this one.";
}

/// <summary>The one field that all versions of the message share.</summary>
internal sealed record SchemaOnly
{
    /// <summary>Gets the contract, if the body names one.</summary>
    public string? Schema { get; init; }
}

[JsonSerializable(typeof(JobMessage))]
[JsonSerializable(typeof(SchemaOnly))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false)]
internal sealed partial class JobMessageJson : JsonSerializerContext;
