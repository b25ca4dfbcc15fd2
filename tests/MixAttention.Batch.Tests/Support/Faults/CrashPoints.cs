namespace MixAttention.Batch.Tests.Support.Faults;

/// <summary>Numbers the side effects of one worker on store and queue, and makes it die at one of them: from there on nothing that it does has an effect.</summary>
internal sealed class CrashPoints
{
    private readonly Lock _lock = new();
    private readonly List<string> _steps = [];

    public CrashPoints() => Faults = new CallFaults(StrikeAsync);

    /// <summary>Gets what the worker's store and queue pass their calls through.</summary>
    public CallFaults Faults { get; }

    /// <summary>Gets the number of the side effect at which the worker dies, from 0; null for none.</summary>
    public int? CrashAt { get; init; }

    /// <summary>Gets whether it dies after the side effect instead of before it.</summary>
    public bool CrashesAfter { get; init; }

    /// <summary>Gets or sets what runs before each side effect.</summary>
    public Func<string, Task>? Before { get; set; }

    /// <summary>Gets the side effects so far: verb and artifact, without the job's name.</summary>
    public IReadOnlyList<string> Steps
    {
        get
        {
            lock (_lock)
                return [.. _steps];
        }
    }

    private bool HasCrashed { get; set; }

    private async ValueTask StrikeAsync(CallPoint point, CancellationToken cancellationToken)
    {
        if (Before is not null && point.IsEffect && !point.IsAfter)
            await Before(point.Step);
        lock (_lock)
        {
            if (point.IsEffect && point.IsAfter == CrashesAfter)
            {
                HasCrashed |= _steps.Count == CrashAt;
                _steps.Add(point.Step);
            }

            if (HasCrashed)
                throw new CrashException();
        }
    }
}

/// <summary>Stands for the end of a process.</summary>
internal sealed class CrashException() : Exception("The process is dead.");
