using MixAttention.Batch.Documents;
using MixAttention.Batch.Summaries;

namespace MixAttention.Batch.Jobs;

/// <summary>Names the rules by which documents become prompts, each by its version: other rules give other results.</summary>
/// <param name="Loaders">How files become text.</param>
/// <param name="Chunker">How texts are cut.</param>
/// <param name="Summaries">How the calls of a long document's summary are made.</param>
public sealed record ReadingRules(int Loaders, int Chunker, int Summaries)
{
    /// <summary>Gets the rules of the first version, which result lines do not name.</summary>
    public static ReadingRules First { get; } = new(1, 1, 1);

    /// <summary>Gets the rules that this version follows.</summary>
    public static ReadingRules Current { get; } = new(DocumentLoader.Version, Documents.Chunker.Version, Summarizer.Version);
}
