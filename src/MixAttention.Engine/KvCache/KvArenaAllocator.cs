namespace MixAttention.Engine.KvCache;

/// <summary>Names the elements of the arena that a sequence or a shared prefix has reserved.</summary>
/// <param name="HolderId">The number of the sequence or the prefix.</param>
internal readonly record struct KvAllocation(int HolderId, long Offset, long Elements)
{
    /// <summary>Gets the first element after the region.</summary>
    public long End => Offset + Elements;
}

/// <summary>Asks for a region's contents to be moved to a lower offset; the two ranges may overlap.</summary>
internal readonly record struct KvMove(int HolderId, long From, long To, long Elements);

/// <summary>Hands out contiguous regions of one flat arena. Integers only; knows no tensor.</summary>
/// <remarks>
/// First fit. Free room is what lies between the regions, so neighbouring holes are one hole by construction. When no hole is large enough but the free total is,
/// the cheapest run of neighbours slides together: a reservation succeeds exactly when its elements are free.
/// </remarks>
internal sealed class KvArenaAllocator
{
    private readonly List<KvAllocation> _regions = [];

    /// <summary>Creates the allocator of an empty arena.</summary>
    public KvArenaAllocator(long capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        Capacity = capacity;
    }

    /// <summary>Gets the elements of the arena.</summary>
    public long Capacity { get; }

    /// <summary>Gets the elements reserved now.</summary>
    public long Used { get; private set; }

    /// <summary>Gets the most elements that were ever reserved at once.</summary>
    public long PeakUsed { get; private set; }

    /// <summary>Gets the elements not reserved, in all holes together.</summary>
    public long Free => Capacity - Used;

    /// <summary>Gets the regions in order of their offsets.</summary>
    public IReadOnlyList<KvAllocation> Regions => _regions;

    /// <summary>Reserves a region if its elements are free.</summary>
    /// <param name="moves">Receives the moves that must be carried out, in order, before the region is used.</param>
    /// <param name="offset">The region's first element.</param>
    /// <returns>False exactly when fewer elements are free; nothing has changed then.</returns>
    public bool TryAllocate(int holderId, long elements, ICollection<KvMove> moves, out long offset)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(elements, 1);
        if (_regions.Exists(r => r.HolderId == holderId))
            throw new InvalidOperationException($"Holder {holderId} already holds a region. Release it first.");
        offset = 0;
        if (elements > Free)
            return false;

        var (first, last) = FindCheapestRoom(elements);
        offset = HoleStart(first);
        for (int i = first; i < last; i++)
        {
            var region = _regions[i];
            moves.Add(new KvMove(region.HolderId, region.Offset, offset, region.Elements));
            _regions[i] = region with { Offset = offset };
            offset += region.Elements;
        }

        _regions.Insert(last, new KvAllocation(holderId, offset, elements));
        Used += elements;
        PeakUsed = Math.Max(PeakUsed, Used);
        return true;
    }

    /// <summary>Gives a holder's region back.</summary>
    public void Release(int holderId)
    {
        int index = _regions.FindIndex(r => r.HolderId == holderId);
        if (index < 0)
            throw new InvalidOperationException($"Holder {holderId} holds no region. Release each region once.");
        Used -= _regions[index].Elements;
        _regions.RemoveAt(index);
    }

    /// <summary>Checks that the regions are ordered, apart, inside the arena, and that free and used elements make up all of it.</summary>
    /// <exception cref="InvalidOperationException">They are not: a bug.</exception>
    public void CheckIntegrity()
    {
        long end = 0, used = 0;
        foreach (var region in _regions)
        {
            if (region.Elements < 1 || region.Offset < end)
                throw new InvalidOperationException($"KV region of holder {region.HolderId} at {region.Offset} overlaps what ends at {end}.");
            end = region.End;
            used += region.Elements;
        }

        if (end > Capacity)
            throw new InvalidOperationException($"KV regions end at {end}, behind the arena's {Capacity} elements.");
        if (used != Used)
            throw new InvalidOperationException($"KV regions hold {used} elements, but {Used} are counted as used of {Capacity}.");
        if (_regions.DistinctBy(r => r.HolderId).Count() != _regions.Count)
            throw new InvalidOperationException("A holder has two KV regions.");
    }

    // Hole i lies before region i; the last one ends the arena. Between holes first..last lie the regions that must slide: none for a plain first fit.
    private (int First, int Last) FindCheapestRoom(long elements)
    {
        var best = (First: -1, Last: -1);
        long cheapest = long.MaxValue, room = 0, toMove = 0;
        for (int first = 0, last = 0; last <= _regions.Count; last++)
        {
            room += HoleSize(last);
            if (last > 0)
                toMove += _regions[last - 1].Elements;
            for (; first < last && room - HoleSize(first) >= elements; first++)
            {
                room -= HoleSize(first);
                toMove -= _regions[first].Elements;
            }

            if (room >= elements && toMove < cheapest)
            {
                cheapest = toMove;
                best = (first, last);
            }
        }

        return best;
    }

    private long HoleStart(int index) => index == 0 ? 0 : _regions[index - 1].End;

    private long HoleSize(int index) => (index == _regions.Count ? Capacity : _regions[index].Offset) - HoleStart(index);
}
