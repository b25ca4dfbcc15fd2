namespace MixAttention.Engine.Scheduling;

/// <summary>Keeps waiting sequences ordered by length, so that the longest that fits is found first.</summary>
internal sealed class WaitingQueue
{
    // Rising length; among equals the latest submitted first, so that the end of the list is the next to run.
    private readonly List<SequenceState> _sequences = [];

    /// <summary>Gets the sequences.</summary>
    public IEnumerable<SequenceState> Sequences => _sequences;

    /// <summary>Gets the number of sequences.</summary>
    public int Count => _sequences.Count;

    /// <summary>Gets prompt + max new tokens of all sequences.</summary>
    public long Tokens { get; private set; }

    /// <summary>Adds a sequence.</summary>
    public void Add(SequenceState sequence)
    {
        _sequences.Insert(CountBelow(sequence.TotalTokens, sequence.Id), sequence);
        Tokens += sequence.TotalTokens;
    }

    /// <summary>Takes the longest sequence that fits out; among equals the one submitted first.</summary>
    /// <returns>Null when none fits.</returns>
    public SequenceState? TakeLongest(Func<SequenceState, bool> fits)
    {
        int index = _sequences.FindLastIndex(s => fits(s));
        if (index < 0)
            return null;
        var sequence = _sequences[index];
        _sequences.RemoveAt(index);
        Tokens -= sequence.TotalTokens;
        return sequence;
    }

    /// <summary>Takes all sequences out that are meant.</summary>
    public IReadOnlyList<SequenceState> TakeAll(Func<SequenceState, bool> isMeant)
    {
        var taken = _sequences.FindAll(s => isMeant(s));
        if (taken.Count > 0)
            _sequences.RemoveAll(new HashSet<SequenceState>(taken).Contains);
        Tokens -= taken.Sum(s => (long)s.TotalTokens);
        return taken;
    }

    // The sequences that stand before (tokens, sequenceId) in the list's order.
    private int CountBelow(int tokens, int sequenceId)
    {
        int low = 0, high = _sequences.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            var other = _sequences[middle];
            if (other.TotalTokens < tokens || (other.TotalTokens == tokens && other.Id > sequenceId))
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
