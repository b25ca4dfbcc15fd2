using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MixAttention.Batch.Shards;

namespace MixAttention.Batch.Jobs;

/// <summary>Reads and writes the contracts that workers and submitters of different versions share.</summary>
/// <remarks>The version is looked at first: of another version's fields nothing is known. In a known version, a field that it does not have is damage.</remarks>
[JsonSerializable(typeof(JobManifest))]
[JsonSerializable(typeof(JobControl))]
[JsonSerializable(typeof(CommittedMarker))]
[JsonSerializable(typeof(ShardPlan))]
[JsonSerializable(typeof(ShardState))]
[JsonSerializable(typeof(CheckpointHeader))]
[JsonSerializable(typeof(CheckpointTrailer))]
[JsonSerializable(typeof(CallLine))]
[JsonSerializable(typeof(ListedDocument))]
[JsonSerializable(typeof(Numerics))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, UseStringEnumConverter = true)]
internal sealed partial class ContractJson : JsonSerializerContext
{
    /// <summary>Writes a contract.</summary>
    public static byte[] Write<T>(T contract, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(contract, type);

    /// <summary>Reads a contract.</summary>
    /// <param name="json">The artifact's bytes.</param>
    /// <param name="schema">The one version that is read.</param>
    /// <param name="type">How it is read.</param>
    /// <param name="artifact">Its name, for messages.</param>
    /// <exception cref="ContractException">It is another version or damaged.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, string schema, JsonTypeInfo<T> type, string artifact)
    {
        try
        {
            string? found = JsonSerializer.Deserialize(json, JobMessageJson.Default.SchemaOnly)?.Schema;
            if (found != schema)
                throw ContractException.OtherVersion(artifact, found, schema);
            return JsonSerializer.Deserialize(json, type) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw ContractException.Damaged(artifact, schema, e);
        }
    }
}
