namespace MixAttention.Batch.Worker;

/// <summary>Sees whether an engine that has work makes steps. A native call that never returns cannot be interrupted: all that helps is to end the process.</summary>
/// <param name="engine">The engine; it may not have loaded its model yet.</param>
/// <param name="time">The clock.</param>
public sealed class EngineWatch(EngineHost engine, TimeProvider time)
{
    private const int RequestsNamed = 5;

    private readonly Lock _lock = new();
    private long _steps = -1;
    private long _since;

    /// <summary>Tells for how long the engine has had work and made no step; zero while it is idle or makes some.</summary>
    /// <remarks>Measured from one asking to the next, so it is to be asked often.</remarks>
    public TimeSpan Look()
    {
        long steps = engine.Snapshot.Steps;
        bool hasWork = engine.Feed?.InFlight > 0; // The engine's own counts are those of its last step.
        lock (_lock)
        {
            if (steps == _steps && hasWork)
                return time.GetElapsedTime(_since);
            (_steps, _since) = (steps, time.GetTimestamp());
            return TimeSpan.Zero;
        }
    }

    /// <summary>Looks until the engine hangs.</summary>
    /// <param name="limit">From when on it counts as hanging.</param>
    /// <param name="onHang">Takes what was seen; called once.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    internal async Task WatchAsync(TimeSpan limit, Action<string> onHang, CancellationToken cancellationToken)
    {
        var period = limit / 10;
        while (true)
        {
            await Task.Delay(period, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
                return;
            if (Look() < limit)
                continue;
            onHang(Describe(limit));
            return;
        }
    }

    private string Describe(TimeSpan limit)
    {
        string[] requests = engine.Feed?.ListInFlight() ?? [];
        string names = string.Join(", ", requests.Take(RequestsNamed)) + (requests.Length > RequestsNamed ? ", …" : "");
        return $"The engine has made no step for {limit.TotalSeconds:0} s while it had {requests.Length} requests ({names}): the process is ended, and what has finished is kept. " +
            "If it was busy, not hung, allow more time with --hang-seconds; else look at the device (its log, its driver).";
    }
}
