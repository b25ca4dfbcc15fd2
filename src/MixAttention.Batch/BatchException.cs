namespace MixAttention.Batch;

/// <summary>Who has to act on a failure; decides the exit code.</summary>
public enum FailureKind
{
    /// <summary>What was asked for cannot be done as asked: another command line cures it (exit code 2).</summary>
    Usage,

    /// <summary>The job broke: the machine, the model or the disk needs care (exit code 3).</summary>
    Job,
}

/// <summary>Ends a command with one line that says what, where, why and what to do.</summary>
public sealed class BatchException : Exception
{
    /// <summary>Creates the exception.</summary>
    public BatchException(FailureKind kind, string message, Exception? innerException = null) : base(message, innerException) => Kind = kind;

    /// <summary>Gets what the message is about where that is many things, one line each.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    /// <summary>Gets who has to act.</summary>
    public FailureKind Kind { get; }

    /// <summary>Creates a failure that another command line cures.</summary>
    public static BatchException Usage(string message) => new(FailureKind.Usage, message);

    /// <summary>Creates a failure of the job.</summary>
    public static BatchException Job(string message, Exception? innerException = null) => new(FailureKind.Job, message, innerException);
}
