namespace MixAttention.Batch.Reporting;

/// <summary>The time in which somebody worked on a job, pauses cut out: a job that was interrupted on Monday and went on on Tuesday took minutes.</summary>
internal sealed class ActiveTime
{
    // Shorter pauses stay: a worker looks for its next message meanwhile.
    private static readonly TimeSpan LongestKept = TimeSpan.FromSeconds(3);

    private readonly List<(DateTimeOffset Start, DateTimeOffset End, double Offset)> _windows = [];

    /// <summary>Joins the times in which somebody worked.</summary>
    public ActiveTime(IEnumerable<TimeWindow> windows)
    {
        foreach (var (start, end) in windows.OrderBy(w => w.Start))
        {
            if (_windows.Count > 0 && start - _windows[^1].End <= LongestKept)
                _windows[^1] = _windows[^1] with { End = end > _windows[^1].End ? end : _windows[^1].End };
            else
                _windows.Add((start, end, Seconds));
        }
    }

    /// <summary>Gets the seconds of all of it.</summary>
    public double Seconds => _windows.Count == 0 ? 0 : _windows[^1].Offset + (_windows[^1].End - _windows[^1].Start).TotalSeconds;

    /// <summary>Gets the active seconds after which a pause was cut out.</summary>
    public IEnumerable<double> Pauses => _windows.Skip(1).Select(w => w.Offset);

    /// <summary>Tells how many active seconds had passed at a moment.</summary>
    public double At(DateTimeOffset moment)
    {
        foreach (var (start, end, offset) in _windows)
        {
            if (moment <= end)
                return offset + Math.Max(0, (moment - start).TotalSeconds);
        }

        return Seconds;
    }
}

/// <summary>A time from a start to an end.</summary>
internal readonly record struct TimeWindow(DateTimeOffset Start, DateTimeOffset End);
