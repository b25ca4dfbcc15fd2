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

    /// <summary>Gets whether the job was interrupted; then some requests have no line.</summary>
    public required bool IsInterrupted { get; init; }

    /// <summary>Gets the time from the first document to the last line, without loading.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Gets the engine's last state.</summary>
    public required EngineSnapshot Engine { get; init; }
}

/// <summary>A request that failed.</summary>
public sealed record JobFailure(string CustomId, GenerationError Error);
