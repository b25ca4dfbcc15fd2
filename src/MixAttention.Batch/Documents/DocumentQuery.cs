namespace MixAttention.Batch.Documents;

/// <summary>Says which documents a run takes.</summary>
public sealed record DocumentQuery
{
    /// <summary>Gets the files and folders, in order; <c>-</c> is standard input.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>Gets globs of which a folder's file must match one; empty takes all documents.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Gets globs of which a folder's file may match none.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Gets the output folder, which is never read as input; null for none.</summary>
    public string? OutputFolder { get; init; }
}
