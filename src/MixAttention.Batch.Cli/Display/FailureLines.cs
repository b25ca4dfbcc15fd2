using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Display;

/// <summary>Says which requests failed: a line for each of the first, once, and where the others are.</summary>
internal sealed class FailureLines
{
    private const int Most = 5;

    private readonly HashSet<string> _shown = [];

    /// <summary>Writes the lines of failures that were not shown yet, as long as there are few.</summary>
    public IEnumerable<string> Take(IEnumerable<JobFailure> failures) =>
        failures.Where(f => _shown.Count < Most && _shown.Add(f.CustomId)).Select(Line);

    /// <summary>Writes what is to be said at the end.</summary>
    /// <param name="first">The first failures.</param>
    /// <param name="failed">All of them.</param>
    /// <param name="outputFolder">Where their lines are.</param>
    public IEnumerable<string> TakeLast(IEnumerable<JobFailure> first, int failed, string outputFolder)
    {
        foreach (string line in Take(first))
            yield return line;
        if (failed > _shown.Count)
            yield return $"mixbatch: and {Quantity.Of(failed - _shown.Count, "more failure")}; all are in {Path.Combine(outputFolder, "errors.jsonl")}.";
    }

    private static string Line(JobFailure failure)
    {
        // Messages about a document begin with its name.
        string subject = failure.Error.Message.StartsWith(failure.CustomId + " ", StringComparison.Ordinal) ? "" : $"{failure.CustomId}: ";
        return $"mixbatch: {Printable.Of(subject + failure.Error.Message)} ({failure.Error.Code})";
    }
}
