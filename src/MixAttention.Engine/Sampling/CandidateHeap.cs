namespace MixAttention.Engine.Sampling;

/// <summary>Takes candidates out in order of falling score, ties by rising id, without sorting those that stay.</summary>
/// <remarks>The heap lives in the caller's span of ids. What was taken stands behind the heap, the latest first: <c>ids[heap.Count..]</c> is the set taken.</remarks>
internal ref struct CandidateHeap
{
    private readonly ReadOnlySpan<float> _scores;
    private readonly Span<int> _ids;

    /// <summary>Makes a heap of the ids, in time linear in their number.</summary>
    /// <param name="scores">By token id.</param>
    /// <param name="ids">The candidates; reordered.</param>
    public CandidateHeap(ReadOnlySpan<float> scores, Span<int> ids)
    {
        _scores = scores;
        _ids = ids;
        Count = ids.Length;
        for (int i = (Count / 2) - 1; i >= 0; i--)
            SiftDown(i);
    }

    /// <summary>Gets the number of candidates left.</summary>
    public int Count { get; private set; }

    /// <summary>Takes the best candidate left.</summary>
    public int Pop()
    {
        Count--;
        (_ids[0], _ids[Count]) = (_ids[Count], _ids[0]);
        SiftDown(0);
        return _ids[Count];
    }

    private readonly void SiftDown(int parent)
    {
        int id = _ids[parent];
        for (int child; (child = (2 * parent) + 1) < Count; parent = child)
        {
            if (child + 1 < Count && IsBetter(_ids[child + 1], _ids[child]))
                child++;
            if (!IsBetter(_ids[child], id))
                break;
            _ids[parent] = _ids[child];
        }

        if (parent < Count)
            _ids[parent] = id;
    }

    private readonly bool IsBetter(int a, int b) => _scores[a] > _scores[b] || (_scores[a] == _scores[b] && a < b);
}
