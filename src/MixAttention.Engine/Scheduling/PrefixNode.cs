using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Scheduling;

/// <summary>Text that several sequences share: while it holds memory, its tokens are computed once, for all of them.</summary>
/// <remarks>Its region has a slab row for each of its tokens, which sharers read where they lie, and the rings as they are at the fork, of which each sharer gets a copy.</remarks>
internal sealed class PrefixNode
{
    private KvRegion? _region;

    /// <summary>Creates a node that holds no memory and that nobody waits for yet.</summary>
    /// <param name="id">Negative, so that it is no sequence's number.</param>
    /// <param name="text">The tokens.</param>
    /// <param name="trim">From where each layer runs.</param>
    public PrefixNode(int id, PrefixText text, PrefillTrim trim)
    {
        Id = id;
        Text = text;
        Trim = trim;
    }

    /// <summary>Gets the number, unique in the engine's life.</summary>
    public int Id { get; }

    /// <summary>Gets the tokens.</summary>
    public PrefixText Text { get; }

    /// <summary>Gets from where each layer runs: as the shortest prompt behind the prefix needs it.</summary>
    public PrefillTrim Trim { get; }

    /// <summary>Gets the number of tokens.</summary>
    public int Length => Text.TokenIds.Length;

    /// <summary>Gets or sets the sequences that begin with these tokens and wait.</summary>
    public int WaitingCount { get; set; }

    /// <summary>Gets or sets the running sequences that read the node's region.</summary>
    public int SharerCount { get; set; }

    /// <summary>Gets whether it holds memory.</summary>
    public bool IsLive => _region is not null;

    /// <summary>Gets where its keys and values lie while it is live.</summary>
    public KvRegion Region => _region ?? throw new InvalidOperationException($"Prefix {Id} holds no memory.");

    /// <summary>Gets the tokens whose chunks have run.</summary>
    public int PrefilledTokens { get; private set; }

    /// <summary>Gets whether sharers can go on behind it.</summary>
    public bool IsComplete => PrefilledTokens == Length;

    /// <summary>Takes memory; nothing is computed yet.</summary>
    public void Open(long offset) => _region = new KvRegion(offset, Length);

    /// <summary>Notes that the region's contents have moved.</summary>
    public void Relocate(long offset) => _region = Region with { Offset = offset };

    /// <summary>Forgets its memory and what was computed.</summary>
    public void Close()
    {
        _region = null;
        PrefilledTokens = 0;
    }

    /// <summary>Describes the next chunk.</summary>
    public PrefillChunk NextChunk(int chunkTokens)
    {
        int end = PrefillCuts.NextCut(PrefilledTokens, Length, Length, chunkTokens);
        return new PrefillChunk { SequenceId = Id, Region = Region, Position = PrefilledTokens, TokenIds = Text.TokenIds[PrefilledTokens..end], Trim = Trim };
    }

    /// <summary>Notes that tokens have run.</summary>
    public void AdvancePrefill(int tokens) => PrefilledTokens += tokens;
}
