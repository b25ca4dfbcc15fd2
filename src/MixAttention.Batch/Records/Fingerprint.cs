using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Jobs;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Records;

/// <summary>Everything besides the document that can change a byte of a result.</summary>
public sealed record FingerprintInput
{
    /// <summary>Gets the version of this list.</summary>
    public string Schema { get; init; } = "mixbatch.fingerprint/1";

    /// <summary>Gets the kind of task.</summary>
    public required string Task { get; init; }

    /// <summary>Gets the instructions, or the template.</summary>
    public required IReadOnlyList<string> Instructions { get; init; }

    /// <summary>Gets the most tokens of a call of a summary; null, and left out, for what the model takes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextTokens { get; init; }

    /// <summary>Gets the rules by which documents become prompts; null, and left out, for those of the first version.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReadingRules? Rules { get; init; }

    /// <summary>Gets the model's name in results.</summary>
    public required string ModelName { get; init; }

    /// <summary>Gets the digest of the model's files.</summary>
    public required string ModelDigest { get; init; }

    /// <summary>Gets how tokens are chosen.</summary>
    public required SamplingParams Sampling { get; init; }

    /// <summary>Gets the tokens of a prefill chunk.</summary>
    public required int ChunkTokens { get; init; }

    /// <summary>Gets the kind of device.</summary>
    public required string Device { get; init; }

    /// <summary>Gets the arithmetic, as asked for.</summary>
    public required string Precision { get; init; }

    /// <summary>Gets whether prefill is trimmed.</summary>
    public required bool TrimPrefill { get; init; }

    /// <summary>Gets which fields of a line are a document; null, and not counted, where documents are files.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DocumentFields? Fields { get; init; }

    /// <summary>Gets the most tokens of an answer to a row that names no maximum; null, and not counted, for OpenAI's rule and for documents.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RowMaxTokens { get; init; }

    /// <summary>Computes the fingerprint: the SHA-256 of this record's JSON, hexadecimal.</summary>
    public string Compute()
    {
        var sorted = this with { Sampling = Sampling with { LogitBias = new SortedDictionary<int, double>(Sampling.LogitBias.ToDictionary()) } };
        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(sorted, RecordJson.Default.FingerprintInput)));
    }
}
