using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Reporting;

/// <summary>What the traces say of one worker.</summary>
/// <param name="name">Its name.</param>
internal sealed class WorkerTrace(string name)
{
    // More detail than a plot can show is given up, so that a long job's report needs little memory.
    private const int MaxIntervals = 4000;

    private readonly List<TimeWindow> _windows = [];
    private List<EngineInterval> _intervals = [];

    /// <summary>Gets the worker's name.</summary>
    public string Name => name;

    /// <summary>Gets the bytes of its engine for keys and values.</summary>
    public long KvBudget { get; private set; }

    /// <summary>Gets the most sequences that its engine runs at once.</summary>
    public int MaxSequences { get; private set; }

    /// <summary>Gets the times that it took a shard.</summary>
    public int Shards { get; private set; }

    /// <summary>Gets the requests whose lines it found in a former owner's checkpoint.</summary>
    public int ResumedRows { get; private set; }

    /// <summary>Gets the times in which it worked on shards; they may overlap.</summary>
    public IReadOnlyList<TimeWindow> Windows => _windows;

    /// <summary>Gets what its engine did, in order.</summary>
    public IReadOnlyList<EngineInterval> Intervals => [.. _intervals.OrderBy(i => i.StartedAt)];

    /// <summary>Gets the sum of what its engine did; null when that is nothing.</summary>
    public EngineInterval? Total => _intervals.Count == 0 ? null : _intervals.Aggregate((sum, next) => sum.Plus(next));

    /// <summary>Adds what it did with a shard.</summary>
    public void Add(ShardSpan shard)
    {
        Shards++;
        ResumedRows += shard.ResumedRows;
        KvBudget = Math.Max(KvBudget, shard.KvBudget);
        MaxSequences = Math.Max(MaxSequences, shard.MaxSequences);
        _windows.Add(new TimeWindow(shard.StartedAt, shard.EndedAt));
        _intervals.AddRange(shard.Engine);
        while (_intervals.Count > MaxIntervals)
            _intervals = EngineInterval.Halve(Intervals);
    }
}
