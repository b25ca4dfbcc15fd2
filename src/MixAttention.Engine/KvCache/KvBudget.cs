using MixAttention.Model.Layouts;

namespace MixAttention.Engine.KvCache;

/// <summary>Tells how many sequences of one length a number of bytes holds, and what sharing and windows contribute to that.</summary>
public sealed record KvBudget
{
    /// <summary>Computes the budget.</summary>
    /// <param name="geometry">What a sequence keeps.</param>
    /// <param name="bytes">Bytes for keys and values.</param>
    /// <param name="tokens">Prompt + max new tokens of each sequence.</param>
    public KvBudget(KvGeometry geometry, long bytes, int tokens)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        Bytes = bytes;
        Tokens = tokens;
        BytesPerSequence = geometry.Bytes(tokens);
        BytesPerToken = geometry.BytesPerToken;
        RingBytes = geometry.RingBytes;
        SharedBytesPerSequence = geometry.Owners.Sum(o => 2L * o.RowElements) * geometry.BytesPerElement * tokens;
        StandardBytesPerSequence = Enumerable.Range(0, geometry.Layout.LayerCount)
            .Sum(layer => 2L * geometry.Owners[geometry.OwnerIndex(layer)].RowElements) * geometry.BytesPerElement * tokens;
    }

    /// <summary>Gets the bytes to be shared out.</summary>
    public long Bytes { get; }

    /// <summary>Gets the tokens of each sequence, prompt and answer together.</summary>
    public int Tokens { get; }

    /// <summary>Gets the bytes that each token of a sequence costs.</summary>
    public long BytesPerToken { get; }

    /// <summary>Gets the bytes that a sequence costs whatever its length.</summary>
    public long RingBytes { get; }

    /// <summary>Gets the bytes of one sequence.</summary>
    public long BytesPerSequence { get; }

    /// <summary>Gets the sequences that fit.</summary>
    public long Sequences => Bytes / BytesPerSequence;

    /// <summary>Gets the bytes of one sequence if owners were shared but nothing outside a window were dropped.</summary>
    public long SharedBytesPerSequence { get; }

    /// <summary>Gets the sequences that would fit with sharing alone.</summary>
    public long SharedSequences => Bytes / SharedBytesPerSequence;

    /// <summary>Gets the bytes of one sequence if every layer kept its own keys and values of all tokens.</summary>
    public long StandardBytesPerSequence { get; }

    /// <summary>Gets the sequences that would fit with standard attention.</summary>
    public long StandardSequences => Bytes / StandardBytesPerSequence;

    /// <summary>Explains the budget in one sentence.</summary>
    public override string ToString() =>
        $"{ByteSize.Format(Bytes)} hold {Sequences:N0} sequences of {Tokens:N0} tokens at {ByteSize.Format(BytesPerSequence)} each " +
        $"({BytesPerToken:N0} bytes per token and {RingBytes:N0} bytes of rings); " +
        $"standard attention would hold {StandardSequences:N0} at {ByteSize.Format(StandardBytesPerSequence)}, " +
        $"sharing without eviction {SharedSequences:N0} at {ByteSize.Format(SharedBytesPerSequence)}.";
}
