using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Display;

/// <summary>Says which requests failed: a line for each of the first, and where the others are.</summary>
internal static class FailureLines
{
    public static void Write(TextWriter writer, IReadOnlyList<JobFailure> first, int failed, string outputFolder)
    {
        foreach (var failure in first)
            writer.WriteLine($"mixbatch: {Printable.Of(failure.CustomId)}: {failure.Error.Code}: {Printable.Of(failure.Error.Message)}");
        if (failed > first.Count)
            writer.WriteLine($"mixbatch: and {failed - first.Count} more failures; all are in {Path.Combine(outputFolder, "errors.jsonl")}.");
    }
}
