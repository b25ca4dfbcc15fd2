using MixAttention.Model.Layouts;

namespace MixAttention.Model.Decoding;

/// <summary>Consecutive tokens of one prompt.</summary>
/// <param name="Kv">Where the sequence's keys and values lie.</param>
/// <param name="Position">Position of the first token.</param>
/// <param name="TokenIds">The tokens.</param>
/// <param name="Trim">From where each layer must run, for the whole prompt or, in a prefix that prompts share, for the shortest one that goes on behind it.</param>
/// <param name="WantsLogits">Whether the last token's logits are wanted.</param>
public sealed record PromptSegment(KvRegion Kv, int Position, ReadOnlyMemory<int> TokenIds, PrefillTrim Trim, bool WantsLogits)
{
    /// <summary>Gets the position after the last token.</summary>
    public int End => Position + TokenIds.Length;
}

/// <summary>The newest token of a sequence whose prompt is done.</summary>
/// <param name="Kv">Where the sequence's keys and values lie.</param>
/// <param name="Position">The token's position.</param>
/// <param name="TokenId">The token.</param>
public readonly record struct DecodeRow(KvRegion Kv, int Position, int TokenId);

/// <summary>Everything that one forward pass runs.</summary>
/// <param name="Segments">Prompt segments, at most one per sequence.</param>
/// <param name="Rows">Decode tokens, one per sequence.</param>
public sealed record DecoderBatch(IReadOnlyList<PromptSegment> Segments, IReadOnlyList<DecodeRow> Rows);
