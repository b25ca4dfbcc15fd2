namespace MixAttention.Batch.Summaries;

/// <summary>A call to the model that a summary needs.</summary>
/// <param name="Id">Its name within the summary, the same in every run: <c>map-00003</c>, <c>reduce-1-00000</c>.</param>
/// <param name="Level">0 for a map, which summarizes a chunk of the document; from 1 for a reduce, which joins summaries.</param>
/// <param name="Index">Its place within its level; a map's is its chunk's.</param>
/// <param name="Inputs">A reduce's texts, in order of the document; none for a map.</param>
public sealed record SummaryCall(string Id, int Level, int Index, IReadOnlyList<string> Inputs);
