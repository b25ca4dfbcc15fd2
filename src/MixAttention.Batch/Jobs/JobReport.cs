using MixAttention.Engine;

namespace MixAttention.Batch.Jobs;

/// <summary>What a job came to.</summary>
public sealed record JobReport
{
    /// <summary>Gets the number of requests.</summary>
    public required int Requests { get; init; }

    /// <summary>Gets the requests with an answer.</summary>
    public required int Succeeded { get; init; }

    /// <summary>Gets the requests with an error line.</summary>
    public required int Failed { get; init; }

    /// <summary>Gets the first failures, for a person to read.</summary>
    public required IReadOnlyList<JobFailure> FirstFailures { get; init; }

    /// <summary>Gets the requests that have not run, or not run again, since the job was interrupted.</summary>
    public required int Unfinished { get; init; }

    /// <summary>Gets whether the job was interrupted.</summary>
    public bool IsInterrupted => Unfinished > 0;

    /// <summary>Gets whether the model was loaded; it is not where nothing was left to run.</summary>
    public bool HasRun => Engine.KvBytesBudget > 0;

    /// <summary>Gets the time from the first document to the last line, without loading.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Gets the engine's last state.</summary>
    public required EngineSnapshot Engine { get; init; }
}
