using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Scheduling;

/// <summary>Runs some tokens of a prompt.</summary>
public sealed record PrefillChunk
{
    /// <summary>Gets the sequence's number, unique in the engine's life; a negative one is that of a prefix that several sequences share.</summary>
    public required int SequenceId { get; init; }

    /// <summary>Gets where its keys and values lie, those of a shared prefix included.</summary>
    public required KvRegion Region { get; init; }

    /// <summary>Gets the position of the first token.</summary>
    public required int Position { get; init; }

    /// <summary>Gets the tokens of this chunk.</summary>
    public required ReadOnlyMemory<int> TokenIds { get; init; }

    /// <summary>Gets the first positions per layer that need to run: for the whole prompt, or before the fork for the shortest one with these tokens.</summary>
    public required PrefillTrim Trim { get; init; }

    /// <summary>Gets whether the chunk ends the prompt, so that its last token's logits are wanted.</summary>
    public bool IsLast { get; init; }

    /// <summary>Gets the position after the last token.</summary>
    public int End => Position + TokenIds.Length;

    /// <inheritdoc />
    public override string ToString() => $"prefill {SequenceId}[{Position}..{End}{(IsLast ? "]" : ")")}";
}

/// <summary>Runs the newest token of a sequence whose prompt is done.</summary>
/// <param name="SequenceId">The sequence's number.</param>
/// <param name="Region">Where its keys and values lie.</param>
/// <param name="Position">The token's position.</param>
/// <param name="TokenId">The token.</param>
public readonly record struct DecodeToken(int SequenceId, KvRegion Region, int Position, int TokenId);

/// <summary>Says what one step runs and where its keys and values lie. A value: printable and replayable.</summary>
/// <param name="Prefill">Prompt chunks, at most one per sequence.</param>
/// <param name="Decode">Running sequences, one token each.</param>
/// <remarks>Logits are produced for each chunk with <see cref="PrefillChunk.IsLast"/>, in order, and then for each decode token, in order.</remarks>
public sealed record StepPlan(IReadOnlyList<PrefillChunk> Prefill, IReadOnlyList<DecodeToken> Decode)
{
    /// <summary>Gets the tokens that the step runs.</summary>
    public int TokenCount => Prefill.Sum(c => c.TokenIds.Length) + Decode.Count;

    /// <summary>Gets the number of logit rows that the step produces.</summary>
    public int SampleCount => Prefill.Count(c => c.IsLast) + Decode.Count;

    /// <inheritdoc />
    public override string ToString() => $"step: {string.Join(", ", Prefill)}; decode {string.Join(' ', Decode.Select(d => $"{d.SequenceId}@{d.Position}"))}";
}
