using MixAttention.Engine;

namespace MixAttention.Batch.Jobs;

/// <summary>Where a job is.</summary>
/// <param name="Requests">All requests.</param>
/// <param name="Finished">Requests with a line, failures included.</param>
/// <param name="Failed">Requests with an error line.</param>
/// <param name="Elapsed">Since the first document was read.</param>
/// <param name="Share">Estimated share of the work that is done, 0 to 1.</param>
/// <param name="Engine">The engine's state.</param>
public sealed record JobProgress(int Requests, int Finished, int Failed, TimeSpan Elapsed, double Share, EngineSnapshot Engine)
{
    /// <summary>Gets the first requests that failed since the run began, in the order in which they did.</summary>
    public IReadOnlyCollection<JobFailure> FirstFailures { get; init; } = [];

    /// <summary>Gets the estimated time left; null until there is something to estimate from.</summary>
    public TimeSpan? TimeLeft => Share > 0.01 ? Elapsed * ((1 - Share) / Share) : null;
}
