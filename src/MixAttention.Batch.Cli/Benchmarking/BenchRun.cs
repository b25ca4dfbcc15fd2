using MixAttention.Engine;

namespace MixAttention.Batch.Cli.Benchmarking;

/// <summary>One measured pass over a workload.</summary>
/// <param name="Wall">From the first request in to the last token out.</param>
/// <param name="OtherCpu">Share of all processors that others took; null where unknown.</param>
/// <param name="Steps">Steps run.</param>
/// <param name="Forward">Where the time inside forward passes went.</param>
/// <param name="Hash">Of all generated ids.</param>
internal sealed record BenchRun(TimeSpan Wall, double? OtherCpu, long Steps, StepTotals Prefill, StepTotals Decode, StepTotals Mixed, ForwardTimes Forward, string Hash)
{
    /// <summary>Runs the requests to their end and measures it.</summary>
    /// <exception cref="BatchException">A request failed, for example because it needs more KV memory than there is.</exception>
    public static async Task<BenchRun> MeasureAsync(InferenceEngine engine, StepClock clock, IReadOnlyList<GenerationRequest> requests, TimeProvider time, CancellationToken cancellationToken)
    {
        clock.Restart();
        long stepsBefore = engine.Snapshot.Steps;
        var others = new ProcessorUse();
        long started = time.GetTimestamp();
        foreach (var request in requests)
            await engine.SubmitAsync(request, cancellationToken);
        var results = new Dictionary<string, GenerationResult>();
        while (results.Count < requests.Count)
        {
            var result = await engine.Results.ReadAsync(cancellationToken);
            if (result.Error is { } error)
                throw BatchException.Usage(error.Message);
            results.Add(result.CustomId, result);
        }

        var wall = time.GetElapsedTime(started);
        clock.Stop();
        return new BenchRun(wall, others.OtherShare(), engine.Snapshot.Steps - stepsBefore, clock.Prefill, clock.Decode, clock.Mixed, clock.Forward, TokensHash.Of(requests.Select(r => results[r.CustomId].TokenIds)));
    }
}
