using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Jobs;

/// <summary>Bounds the KV memory that a job can use, before any document is read.</summary>
public static class UsableKvBytes
{
    // A token has at least one byte of text, but normalization may expand some characters, and UTF-16 packs up to three bytes of UTF-8 into two.
    private const int TokensPerByte = 2;
    private const int ChatTemplateTokens = 1024;

    /// <summary>Sums the largest requests that can run at once, each no longer than the model takes.</summary>
    /// <param name="manifest">The job.</param>
    /// <param name="input">Its input.</param>
    /// <param name="maxSequences">The most requests at once.</param>
    /// <param name="geometry">What a request keeps.</param>
    /// <param name="maxSequenceLength">The most tokens of a request.</param>
    public static long Of(JobManifest manifest, IJobInput input, int maxSequences, KvGeometry geometry, int maxSequenceLength)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(geometry);
        long longest = Math.Min(maxSequenceLength, manifest.Task.ContextTokens ?? maxSequenceLength);
        int requestsPerDocument = Math.Max(1, manifest.Task.Instructions.Count);
        return input.ListLargest(((maxSequences - 1) / requestsPerDocument) + 1)
            .Select(bytes => TokensOf(manifest, bytes))
            .SelectMany(tokens => Enumerable.Repeat(Math.Min(tokens, longest), manifest.Task.IsSummary ? Parts(tokens) : requestsPerDocument))
            .Take(maxSequences)
            .Sum(tokens => geometry.Bytes((int)tokens));

        // Those of a long document are summarized at once.
        int Parts(long tokens) => (int)Math.Min(maxSequences, (tokens + longest - 1) / longest);
    }

    private static long TokensOf(JobManifest manifest, long documentBytes)
    {
        var instructions = manifest.Task.Instructions;
        if (instructions.Count == 0)
            return long.MaxValue; // A row may ask for the rest of the context.
        int copies = manifest.Task.IsTemplate ? Math.Max(1, instructions[0].Split("{{").Length - 1) : 1; // Of the document and of its fields.
        return ChatTemplateTokens + (TokensPerByte * documentBytes * copies) + (3L * TokensPerByte * instructions.Max(i => i.Length)) + manifest.Sampling.MaxTokens;
    }
}
