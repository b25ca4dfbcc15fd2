using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Scheduling;

/// <summary>Keeps the prefixes of all sequences that may share theirs, found by content, from the first one that waits to the last one that ends.</summary>
internal sealed class PrefixNodes
{
    private readonly Dictionary<PrefixText, PrefixNode> _byText = [];
    private readonly List<PrefixNode> _live = [];
    private int _created;

    /// <summary>Gets the nodes that hold memory, in the order in which they took it.</summary>
    public IReadOnlyList<PrefixNode> Live => _live;

    /// <summary>Finds or creates the node of a sequence that begins to wait.</summary>
    public PrefixNode Join(PrefixText text, Func<PrefillTrim> trim)
    {
        if (!_byText.TryGetValue(text, out var node))
            _byText.Add(text, node = new PrefixNode(-++_created, text, trim()));
        node.WaitingCount++;
        return node;
    }

    /// <summary>Notes that a node has got memory.</summary>
    public void Open(PrefixNode node, long offset)
    {
        node.Open(offset);
        _live.Add(node);
    }

    /// <summary>Notes that a node's memory is taken away.</summary>
    public void Close(PrefixNode node)
    {
        node.Close();
        _live.Remove(node);
    }

    /// <summary>Forgets a node that nobody needs.</summary>
    public void Forget(PrefixNode node) => _byText.Remove(node.Text);

    /// <summary>Checks that each node counts its sequences right and is needed, and that what running sequences read is live.</summary>
    /// <exception cref="InvalidOperationException">They are not: a bug.</exception>
    public void CheckIntegrity(IEnumerable<SequenceState> waiting, IReadOnlyList<SequenceState> running)
    {
        var waitingCounts = waiting.Where(s => s.Prefix is not null).CountBy(s => s.Prefix!.Id).ToDictionary();
        foreach (var node in _byText.Values)
        {
            int waits = waitingCounts.GetValueOrDefault(node.Id), sharers = running.Count(s => s.IsSharer && s.Prefix == node);
            if (node.WaitingCount != waits || node.SharerCount != sharers)
                throw new InvalidOperationException($"Prefix {node.Id} counts {node.WaitingCount} waiting and {node.SharerCount} running sequences; there are {waits} and {sharers}.");
            if (waits + sharers == 0)
                throw new InvalidOperationException($"Prefix {node.Id} is kept for nobody.");
        }

        if (running.FirstOrDefault(s => s.IsSharer && !_live.Contains(s.Prefix!)) is { } reader) // a sharer has a prefix
            throw new InvalidOperationException($"Sequence {reader.Id} reads prefix {reader.Prefix!.Id}, whose memory was given back.");
        if (!_live.TrueForAll(n => _byText.GetValueOrDefault(n.Text) == n))
            throw new InvalidOperationException("A prefix that was forgotten holds memory.");
    }
}
