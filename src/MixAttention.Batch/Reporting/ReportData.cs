using MixAttention.Batch.Jobs;
using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Reporting;

/// <summary>Everything that a job's report shows.</summary>
internal sealed record ReportData
{
    public required JobManifest Manifest { get; init; }

    /// <summary>Gets the job's requests.</summary>
    public required int Requests { get; init; }

    public required int Succeeded { get; init; }

    public required int Failed { get; init; }

    /// <summary>Gets the prompt tokens of all successes.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Gets the answers' tokens of all successes.</summary>
    public required long CompletionTokens { get; init; }

    /// <summary>Gets why some requests were not run; null when all were.</summary>
    public EndReason? Ended { get; init; }

    /// <summary>Gets failures by their code, the most frequent first.</summary>
    public required IReadOnlyList<ErrorGroup> Errors { get; init; }

    public required ActiveTime Time { get; init; }

    public required IReadOnlyList<WorkerTrace> Workers { get; init; }

    /// <summary>Gets what all engines did; null when no trace tells.</summary>
    public required EngineInterval? Engine { get; init; }

    public required CallTotals Calls { get; init; }

    /// <summary>Gets the calls that the sequence timeline shows.</summary>
    public required Sample<CallSpan> Timeline { get; init; }

    /// <summary>Gets the requests with the longest prompts.</summary>
    public required IReadOnlyList<TracedRequest> Longest { get; init; }

    /// <summary>Gets single steps of the engines; none unless they were traced.</summary>
    public required Sample<NumberedStep> Steps { get; init; }

    /// <summary>Gets the requests that have no line yet.</summary>
    public int Unfinished => Requests - Succeeded - Failed;

    /// <summary>Gets the KV bytes of all workers that were there at once, on average over the time that their engines were busy, as a share of what they had.</summary>
    public double MeanKvShare
    {
        get
        {
            double had = Workers.Sum(w => w.KvBudget * (w.Total?.BusyTime.TotalSeconds ?? 0));
            return had == 0 || Engine is null ? 0 : Engine.KvByteSeconds / had;
        }
    }

    /// <summary>Gets the most KV bytes that one worker had reserved, as a share of what it had.</summary>
    public double PeakKvShare => Workers.Where(w => w.KvBudget > 0).Select(w => (double)(w.Total?.PeakKvBytes ?? 0) / w.KvBudget).DefaultIfEmpty().Max();

    /// <summary>Gets the sequences that ran in an engine at once, on average over the time that it was busy.</summary>
    public double MeanSequences => Engine is null || Engine.BusyTime == TimeSpan.Zero ? 0 : Engine.SequenceSeconds / Engine.BusyTime.TotalSeconds;

    /// <summary>Gets the requests that waited for room, on average over the time that an engine was busy.</summary>
    public double MeanWaiting => Engine is null || Engine.BusyTime == TimeSpan.Zero ? 0 : Engine.WaitingSeconds / Engine.BusyTime.TotalSeconds;
}

/// <summary>Failures of one code.</summary>
/// <param name="Code">The code.</param>
/// <param name="Count">How many.</param>
/// <param name="Examples">The first ones: name and message.</param>
internal sealed record ErrorGroup(string Code, int Count, IReadOnlyList<(string CustomId, string Message)> Examples);
