namespace MixAttention.Batch.Worker;

/// <summary>How the work on a delivery ended.</summary>
internal enum ShardOutcomeKind
{
    /// <summary>Its part is committed.</summary>
    Done,

    /// <summary>Its part had been committed before.</summary>
    AlreadyDone,

    /// <summary>The worker stops; what had finished is in the checkpoint.</summary>
    Drained,

    /// <summary>The lock ran out.</summary>
    LockLost,

    /// <summary>The shard has a later owner.</summary>
    Fenced,

    /// <summary>Somebody else claimed the shard at the same moment.</summary>
    Busy,

    /// <summary>The engine died or the model could not be loaded.</summary>
    EngineDead,

    /// <summary>The store or the queue failed.</summary>
    StoreUnavailable,

    /// <summary>The job asks for a model that this worker does not serve.</summary>
    OtherModel,

    /// <summary>This worker's arithmetic would give other bits than the job's first worker.</summary>
    OtherNumerics,

    /// <summary>Nobody can make sense of the message.</summary>
    BadMessage,

    /// <summary>There is no such job, or not any more.</summary>
    JobNotFound,

    /// <summary>The job was written by another version or is damaged.</summary>
    UnreadableJob,

    /// <summary>Something happened that nobody foresaw.</summary>
    Defect,
}

/// <summary>How the work on a delivery ended, and what a person should know.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Message">What was found and what to do; empty where all is well.</param>
internal sealed record ShardOutcome(ShardOutcomeKind Kind, string Message = "")
{
    /// <summary>Gets whether the job's results are whole with this shard.</summary>
    public bool IsJobComplete { get; init; }

    /// <summary>Gets what broke; null where nothing did.</summary>
    public Exception? Cause { get; init; }
}
