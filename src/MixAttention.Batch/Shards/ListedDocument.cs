using System.Text.Json.Serialization;

namespace MixAttention.Batch.Shards;

/// <summary>A document, or a row of a batch file, as it was when its job was submitted: one line of a listing.</summary>
/// <param name="Row">The place in input order of its first request.</param>
/// <param name="Id">Its name in results.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Texts">Where the answers' texts go, one for each of the task's instructions; none for a row of a batch file, which is one request.</param>
public sealed record ListedDocument(int Row, string Id, long Bytes, IReadOnlyList<string> Texts)
{
    /// <summary>Gets the file; null when it lies in the store.</summary>
    public string? Path { get; init; }

    /// <summary>Gets the artifact that holds it; null when it is a file.</summary>
    public string? Artifact { get; init; }

    /// <summary>Gets where it begins in the artifact, which holds a line for each of many; null when the artifact is the document.</summary>
    public long? Offset { get; init; }

    /// <summary>Gets when the file was last written; null when nobody knows.</summary>
    public DateTimeOffset? Modified { get; init; }

    /// <summary>Gets the digest of its bytes, or of what its line asks; null when it could not be read or is too large to be taken.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Gets whether this takes the place of what was listed before: the document had failed and has changed since.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsCorrected { get; init; }

    /// <summary>Gets which of the task's instructions are asked; null for all.</summary>
    public IReadOnlyList<int>? Instructions { get; init; }

    /// <summary>Gets the number of its requests.</summary>
    [JsonIgnore]
    public int Requests => Instructions?.Count ?? Math.Max(1, Texts.Count);
}
