using MixAttention.Batch.Documents;
using MixAttention.Batch.Prompts;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Jobs;

/// <summary>What the submitter decides about a job.</summary>
public sealed record JobManifest
{
    /// <summary>Gets the documents, in input order.</summary>
    public required IReadOnlyList<DocumentEntry> Documents { get; init; }

    /// <summary>Gets what is asked about every document.</summary>
    public required PromptTask Task { get; init; }

    /// <summary>Gets how tokens are chosen.</summary>
    public required SamplingParams Sampling { get; init; }

    /// <summary>Gets the model's name in results.</summary>
    public required string ModelName { get; init; }

    /// <summary>Gets when the job was made; the one time in its results.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
