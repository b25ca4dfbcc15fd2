using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Options;

/// <summary>What the INPUTs of a command line are.</summary>
/// <param name="Described">What a manifest says of it.</param>
/// <param name="Input">Where the requests come from.</param>
/// <param name="Found">What a search for documents passed over; null for a .jsonl file.</param>
internal sealed record CommandInput(JobInput Described, IJobInput Input, FoundDocuments? Found)
{
    /// <summary>Lists what a person should know of the input once it was read.</summary>
    public IEnumerable<string> Remarks()
    {
        if (Found is { } found && Skipped(found) is { Count: > 0 } skipped)
            yield return $"Skipped: {string.Join(", ", skipped)}.";
        if (Input.Corrected is { Count: > 0 } corrected)
            yield return $"{Quantity.Of(corrected.Count, "document that had failed has changed and runs", "documents that had failed have changed and run")} again.";
        if (Input is LinesInput { Report: { FailedRows.Count: > 0 } report })
            yield return $"{Quantity.Of(report.FailedRows.Values.Sum())} of {Quantity.Of(report.Rows, "line")} cannot run ({string.Join(", ", report.FailedRows.Select(f => $"{f.Key} {f.Value}"))}); each becomes an error line.";
    }

    private static List<string> Skipped(FoundDocuments found)
    {
        (int Count, string One, string Many)[] all =
        [
            (found.HiddenSkipped, "hidden file or folder", "hidden files or folders"),
            (found.LinksSkipped, "link to a folder or out of the folder", "links to folders or out of the folder"),
            (found.OthersSkipped, "file of another type or excluded", "files of other types or excluded"),
        ];
        return [.. all.Where(a => a.Count > 0).Select(a => Quantity.Of(a.Count, a.One, a.Many))];
    }
}
