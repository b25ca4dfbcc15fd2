using MixAttention.Batch.Documents;

namespace MixAttention.Batch.Records;

/// <summary>One request of a job: one instruction about one document, or one row of a batch file.</summary>
/// <param name="Row">Its place in input order, from 0.</param>
/// <param name="CustomId">Its name in results: the document's, with #q2 and so on from the second question on; the row's own.</param>
/// <param name="Document">The document or the row.</param>
/// <param name="InstructionIndex">Which of the task's instructions; 0 for a row.</param>
/// <param name="TextPath">Where its answer's text goes, below the output folder, with forward slashes; null for a row, whose answer is in its line alone.</param>
public sealed record BatchRequest(int Row, string CustomId, DocumentEntry Document, int InstructionIndex, string? TextPath);
