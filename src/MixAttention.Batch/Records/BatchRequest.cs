using MixAttention.Batch.Documents;

namespace MixAttention.Batch.Records;

/// <summary>One request of a run: one instruction about one document.</summary>
/// <param name="Row">Its place in input order, from 0.</param>
/// <param name="CustomId">Its name in results: the document's, with #q2 and so on from the second question on.</param>
/// <param name="Document">The document.</param>
/// <param name="InstructionIndex">Which of the task's instructions.</param>
/// <param name="TextPath">Where its answer's text goes, below the output folder, with forward slashes.</param>
public sealed record BatchRequest(int Row, string CustomId, DocumentEntry Document, int InstructionIndex, string TextPath)
{
    /// <summary>Lists the requests of all documents in input order.</summary>
    public static List<BatchRequest> ListAll(IReadOnlyList<DocumentEntry> documents, int instructionCount)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var paths = new TextPathPlan();
        return [.. documents.SelectMany(d => Enumerable.Range(0, instructionCount), (document, i) => new BatchRequest(
            (document.Index * instructionCount) + i,
            i == 0 ? document.Id : $"{document.Id}#q{i + 1}",
            document,
            i,
            paths.Add(document.Id, i)))];
    }
}
