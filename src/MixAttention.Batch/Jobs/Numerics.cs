namespace MixAttention.Batch.Jobs;

/// <summary>Everything of a worker that can change a bit of a result. The job's first worker writes it; others must agree.</summary>
public sealed record Numerics
{
    /// <summary>The contract that this version writes.</summary>
    public const string CurrentSchema = "batch.numerics/1";

    /// <summary>Gets the contract that it was written to.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>Gets the digest of all of the model's files.</summary>
    public required string ModelDigest { get; init; }

    /// <summary>Gets the digest of the tokenizer's files.</summary>
    public required string TokenizerDigest { get; init; }

    /// <summary>Gets the digest of the chat template's files.</summary>
    public required string TemplateDigest { get; init; }

    /// <summary>Gets the kind of device.</summary>
    public required string Device { get; init; }

    /// <summary>Gets the arithmetic, as asked for.</summary>
    public required string Precision { get; init; }

    /// <summary>Gets the tokens of a prefill chunk.</summary>
    public required int ChunkTokens { get; init; }

    /// <summary>Gets whether prefill is trimmed.</summary>
    public required bool TrimPrefill { get; init; }

    /// <summary>Gets the arithmetic, as the device does it, threads included.</summary>
    public required string NumericsVersion { get; init; }

    /// <summary>Lists what differs from another worker's, as names of fields with both values.</summary>
    public IReadOnlyList<string> Differences(Numerics first)
    {
        ArgumentNullException.ThrowIfNull(first);
        (string Name, string First, string Here)[] fields =
        [
            ("model", first.ModelDigest, ModelDigest),
            ("tokenizer", first.TokenizerDigest, TokenizerDigest),
            ("chat template", first.TemplateDigest, TemplateDigest),
            ("--device", first.Device, Device),
            ("--precision", first.Precision, Precision),
            ("--chunk", $"{first.ChunkTokens}", $"{ChunkTokens}"),
            ("prefill trimming (--no-trim)", $"{first.TrimPrefill}", $"{TrimPrefill}"),
            ("arithmetic", first.NumericsVersion, NumericsVersion),
        ];
        return [.. fields.Where(f => f.First != f.Here).Select(f => $"{f.Name} was {f.First} and is {f.Here} here")];
    }
}
