using MixAttention.Compute;

namespace MixAttention.Model.Decoding;

/// <summary>A prompt segment's rows in the packed rows of a step.</summary>
/// <param name="Segment">Index in the batch.</param>
/// <param name="Position">Position of the first row's token.</param>
/// <param name="Count">Rows; they end where the segment ends.</param>
/// <param name="Offset">First packed row.</param>
internal readonly record struct RowRange(int Segment, int Position, int Count, int Offset);

/// <summary>Knows which token each packed row of a step stands for: long prompt segments first, then short ones, then decode tokens.</summary>
/// <remarks>
/// Rows only ever become fewer from layer to layer, as trimming drops prompt tokens that can't reach the output any more. Whether a segment counts as long is decided by its
/// own rows alone, so that the product that a row goes through never depends on the batch.
/// </remarks>
internal sealed class StepRows
{
    private readonly DecoderBatch _batch;
    private readonly int[] _first; // per segment: position of its first row; its end when it has none

    private StepRows(DecoderBatch batch, int[] first)
    {
        _batch = batch;
        _first = first;
        var ranges = new List<RowRange>();
        int offset = 0;
        foreach (bool isTall in (bool[])[true, false])
        {
            for (int i = 0; i < first.Length; i++)
            {
                int count = batch.Segments[i].End - first[i];
                if (count == 0 || count > RowTiling.ShortRows != isTall)
                    continue;
                ranges.Add(new RowRange(i, first[i], count, offset));
                offset += count;
            }

            if (isTall)
                TallRows = offset;
        }

        Ranges = ranges;
        PromptRows = offset;
    }

    /// <summary>Gets the ranges of prompt segments that still have rows, in packed order.</summary>
    public IReadOnlyList<RowRange> Ranges { get; }

    /// <summary>Gets the rows of long segments; they come first.</summary>
    public int TallRows { get; }

    /// <summary>Gets the rows of all segments; decode rows follow.</summary>
    public int PromptRows { get; }

    /// <summary>Gets all rows.</summary>
    public int Count => PromptRows + _batch.Rows.Count;

    /// <summary>Packs the rows of each segment from a first position on.</summary>
    public static StepRows Create(DecoderBatch batch, Func<PromptSegment, int> firstPosition) =>
        new(batch, [.. batch.Segments.Select(s => Math.Clamp(firstPosition(s), s.Position, s.End))]);

    /// <summary>Keeps, of each segment, the rows from a first position on.</summary>
    public StepRows Shrink(Func<PromptSegment, int> firstPosition) =>
        new(_batch, [.. _batch.Segments.Select((s, i) => Math.Clamp(firstPosition(s), _first[i], s.End))]);

    /// <summary>Lists where the rows of a later state lie in this one's rows, as ranges to join in order.</summary>
    public List<(int Start, int Count)> RangesOf(StepRows later)
    {
        var ranges = new List<(int, int)>();
        foreach (var kept in later.Ranges)
        {
            var mine = Ranges.First(r => r.Segment == kept.Segment);
            ranges.Add((mine.Offset + mine.Count - kept.Count, kept.Count));
        }

        if (_batch.Rows.Count > 0)
            ranges.Add((PromptRows, _batch.Rows.Count));
        return ranges;
    }

    /// <summary>Lists the packed rows whose logits are wanted: last tokens of prompts in the batch's order, then all decode tokens.</summary>
    public long[] LogitRows()
    {
        var rows = new List<long>();
        for (int i = 0; i < _batch.Segments.Count; i++)
        {
            if (!_batch.Segments[i].WantsLogits)
                continue;
            var range = Ranges.First(r => r.Segment == i);
            rows.Add(range.Offset + range.Count - 1);
        }

        for (int i = 0; i < _batch.Rows.Count; i++)
            rows.Add(PromptRows + i);
        return [.. rows];
    }

    /// <summary>Lists each row's position.</summary>
    public long[] Positions() => PerRow((segment, position) => position, row => row.Position);

    /// <summary>Lists each row's token.</summary>
    public long[] TokenIds() => PerRow((segment, position) => segment.TokenIds.Span[position - segment.Position], row => row.TokenId);

    private long[] PerRow(Func<PromptSegment, int, long> ofPrompt, Func<DecodeRow, long> ofDecode)
    {
        var values = new long[Count];
        foreach (var range in Ranges)
        {
            for (int i = 0; i < range.Count; i++)
                values[range.Offset + i] = ofPrompt(_batch.Segments[range.Segment], range.Position + i);
        }

        for (int i = 0; i < _batch.Rows.Count; i++)
            values[PromptRows + i] = ofDecode(_batch.Rows[i]);
        return values;
    }
}
