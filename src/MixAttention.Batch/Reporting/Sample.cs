namespace MixAttention.Batch.Reporting;

/// <summary>Keeps every n-th of many things, n being as small as a bound on their number allows.</summary>
/// <param name="most">The most that are kept.</param>
internal sealed class Sample<T>(int most)
{
    private List<T> _kept = [];
    private long _seen;

    /// <summary>Gets the things that were kept, in the order in which they came.</summary>
    public IReadOnlyList<T> Kept => _kept;

    /// <summary>Gets of how many things one was kept.</summary>
    public int Stride { get; private set; } = 1;

    /// <summary>Adds a thing.</summary>
    public void Add(T thing)
    {
        if (_seen++ % Stride != 0)
            return;
        if (_kept.Count == most)
        {
            _kept = [.. _kept.Where((_, i) => i % 2 == 0)];
            Stride *= 2;
            if ((_seen - 1) % Stride != 0)
                return;
        }

        _kept.Add(thing);
    }
}
