using MixAttention.Batch.Documents;
using MixAttention.Batch.Prompts;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Jobs;

/// <summary>Bounds the KV memory that a job can use, before any document is read.</summary>
public static class UsableKvBytes
{
    // A token has at least one byte of text, but normalization may expand some characters, and UTF-16 packs up to three bytes of UTF-8 into two.
    private const int TokensPerByte = 2;
    private const int ChatTemplateTokens = 1024;

    /// <summary>Sums the largest requests that can run at once, each no longer than the model takes.</summary>
    public static long Of(JobManifest manifest, IEnumerable<DocumentEntry> documents, int maxSequences, KvGeometry geometry, int maxSequenceLength)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(geometry);
        long maxBytes = manifest.Input.MaxDocumentBytes;
        var instructions = manifest.Task.Instructions;
        int documentCopies = manifest.Task.IsTemplate ? instructions[0].Split(PromptTask.DocumentPlaceholder).Length - 1 : 1;
        long otherTokens = ChatTemplateTokens + (3L * TokensPerByte * instructions.Max(i => i.Length)) + manifest.Sampling.MaxTokens;
        int documentsAtOnce = ((maxSequences - 1) / instructions.Count) + 1;
        return documents
            .Select(d => d.Path is null ? maxBytes : Math.Min(d.ByteCount, maxBytes))
            .OrderDescending()
            .Take(documentsAtOnce)
            .Sum(bytes => instructions.Count * geometry.Bytes((int)Math.Min(maxSequenceLength, (TokensPerByte * bytes * documentCopies) + otherTokens)));
    }
}
