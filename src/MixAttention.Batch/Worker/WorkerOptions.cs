namespace MixAttention.Batch.Worker;

/// <summary>What the operator decides about a worker.</summary>
public sealed record WorkerOptions
{
    /// <summary>Gets how long requests may go on after the worker was told to stop.</summary>
    /// <value>25 seconds unless set: spot machines give 30.</value>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>Gets how often finished requests are put into the checkpoint.</summary>
    /// <value>5 seconds unless set.</value>
    public TimeSpan CheckpointPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets how long the engine may make no step while it has work before it counts as hanging; null for ever.</summary>
    public TimeSpan? HangTime { get; init; }

    /// <summary>Gets what is told when it hangs. The worker cannot go on or drain then; it is expected to end the process.</summary>
    public Action<string> OnHang { get; init; } = _ => { };

    /// <summary>Gets how long the worker waits for work before it ends; null waits for ever.</summary>
    public TimeSpan? IdleTime { get; init; }

    /// <summary>Gets the job with whose end the worker ends; null takes work of all jobs. A worker of one job ends at its first failure: a person waits for it.</summary>
    public string? OnlyJob { get; init; }

    /// <summary>Gets what takes a line for the operator: one per job and shard.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>Gets what takes a line that also who waits for one job should see: something is out of the ordinary.</summary>
    public Action<string> Warn { get; init; } = _ => { };
}
