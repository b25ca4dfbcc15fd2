namespace MixAttention.Batch.Worker;

/// <summary>What becomes of a message when the work on it has ended.</summary>
internal abstract record Settlement
{
    private const int FailuresOfADefect = 5;

    private static readonly TimeSpan ElsewhereDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BusyDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);

    /// <summary>The work is done: the message goes.</summary>
    public sealed record Complete : Settlement;

    /// <summary>Somebody should try again.</summary>
    /// <param name="Delay">Not before this time.</param>
    /// <param name="CountsAsFailure">Whether the message's failure count rises.</param>
    public sealed record GiveBack(TimeSpan Delay, bool CountsAsFailure) : Settlement;

    /// <summary>Trying again is no use: a person must look at it.</summary>
    /// <param name="Reason">Why, in one word.</param>
    /// <param name="Cure">What was found and what to do.</param>
    public sealed record PutAside(string Reason, string Cure) : Settlement;

    /// <summary>The message is not ours any more; nothing is said about it.</summary>
    public sealed record LetLapse : Settlement;

    /// <summary>Decides. A pure function of how the work ended and how often it had failed before; how often a message was delivered never counts against it.</summary>
    public static Settlement Of(ShardOutcome outcome, int failureCount) => outcome.Kind switch
    {
        ShardOutcomeKind.Done or ShardOutcomeKind.AlreadyDone => new Complete(),
        ShardOutcomeKind.Drained => new GiveBack(TimeSpan.Zero, false),
        ShardOutcomeKind.LockLost or ShardOutcomeKind.Fenced => new LetLapse(),
        ShardOutcomeKind.Busy => new GiveBack(BusyDelay, false),
        ShardOutcomeKind.OtherModel or ShardOutcomeKind.OtherNumerics => new GiveBack(ElsewhereDelay, false),
        ShardOutcomeKind.EngineDead or ShardOutcomeKind.StoreUnavailable => new GiveBack(BackOff(failureCount), true),
        ShardOutcomeKind.BadMessage => new PutAside("bad_message", outcome.Message),
        ShardOutcomeKind.JobNotFound => new PutAside("job_not_found", outcome.Message),
        ShardOutcomeKind.UnreadableJob => new PutAside("unreadable_job", outcome.Message),
        ShardOutcomeKind.Defect when failureCount + 1 < FailuresOfADefect => new GiveBack(BackOff(failureCount), true),
        ShardOutcomeKind.Defect => new PutAside("internal_error", outcome.Message),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome.Kind, null),
    };

    /// <summary>Doubles from one second.</summary>
    private static TimeSpan BackOff(int failureCount)
    {
        var delay = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(failureCount, 20)));
        return delay < LongestBackOff ? delay : LongestBackOff;
    }
}
