namespace MixAttention.Batch.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCodes
{
    /// <summary>All requests succeeded.</summary>
    public const int Fine = 0;

    /// <summary>Some requests failed: see errors.jsonl.</summary>
    public const int SomeFailed = 1;

    /// <summary>The command line cannot be carried out as it stands.</summary>
    public const int Usage = 2;

    /// <summary>The job failed.</summary>
    public const int JobFailed = 3;

    /// <summary>The engine hung, and the process was ended; what had finished is kept.</summary>
    public const int Hung = 4;

    /// <summary>Interrupted by Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;
}
