using MixAttention.Batch.Documents;

namespace MixAttention.Batch.Summaries;

/// <summary>Says how a summary came about: the value of <c>x_batch.summary</c>.</summary>
/// <param name="Strategy"><c>stuff</c> where one call read the whole document, else <c>map_reduce</c>.</param>
/// <param name="Chunks">Into how many chunks the document was cut.</param>
/// <param name="Depth">How many levels of reduces followed.</param>
/// <param name="Coverage">The share of the document's characters that a model read, from 0 to 1.</param>
/// <param name="Truncated">Whether a partial summary was cut short by its limit.</param>
/// <param name="Spans">The stretches that were read, as pairs of start and end in UTF-16 units of the text; those that touch are one.</param>
public sealed record SummaryResult(string Strategy, int Chunks, int Depth, double Coverage, bool Truncated, IReadOnlyList<IReadOnlyList<int>> Spans)
{
    /// <summary>Describes a finished summary.</summary>
    /// <param name="chunks">Those that were mapped, in order of the text.</param>
    /// <param name="textLength">Of the document, in UTF-16 units.</param>
    public static SummaryResult Of(SummaryGraph graph, IReadOnlyList<Chunk> chunks, int textLength)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(chunks);
        var spans = new List<int[]>();
        foreach (var chunk in chunks)
        {
            if (spans.Count > 0 && chunk.Start <= spans[^1][1])
                spans[^1][1] = Math.Max(spans[^1][1], chunk.End);
            else
                spans.Add([chunk.Start, chunk.End]);
        }

        double coverage = textLength == 0 ? 1 : spans.Sum(s => s[1] - s[0]) / (double)textLength;
        return new SummaryResult(graph.Depth == 0 ? "stuff" : "map_reduce", graph.ChunkCount, graph.Depth, coverage, graph.IsTruncated, spans);
    }
}
