using MixAttention.Engine;

namespace MixAttention.Batch.Documents;

/// <summary>A document's text, or why there is none.</summary>
/// <param name="Text">The text without byte order mark; null when <paramref name="Error"/> is set.</param>
/// <param name="Sha256">Digest of the file's bytes, hexadecimal; null when they could not be read.</param>
/// <param name="Error">Why the document cannot be used; null when it can.</param>
public sealed record Document(string? Text, string? Sha256, GenerationError? Error)
{
    /// <summary>Gets the document's fields, which templates name as <c>{{name}}</c>; null when it has none, since it is a file.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}
