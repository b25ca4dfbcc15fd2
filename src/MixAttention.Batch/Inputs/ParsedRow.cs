using MixAttention.Engine;

namespace MixAttention.Batch.Inputs;

/// <summary>What a line of an input file says: a row's content, or why there is none.</summary>
/// <typeparam name="T">The content: <see cref="BatchRow"/> or <see cref="DocumentRow"/>.</typeparam>
/// <param name="Id">The row's name in results. Null when the line has none: then <paramref name="Error"/> is the whole file's fault, else it is the row's alone.</param>
/// <param name="Sha256">Digest of what the row asks, hexadecimal, whatever its id is called; null without an id.</param>
/// <param name="Content">The content; null when <paramref name="Error"/> is set.</param>
/// <param name="Error">What is wrong; null for a sound row.</param>
public sealed record ParsedRow<T>(string? Id, string? Sha256, T? Content, GenerationError? Error)
    where T : class
{
    internal static ParsedRow<T> FileFault(string code, string message) => new(null, null, null, new GenerationError(code, message));
}
