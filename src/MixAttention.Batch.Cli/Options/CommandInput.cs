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
        if (Found is { } found && found.HiddenSkipped + found.LinksSkipped > 0)
            yield return $"Skipped {found.HiddenSkipped} hidden files or folders and {found.LinksSkipped} links to folders or out of the folder.";
        if (Input is LinesInput { Report: { FailedRows.Count: > 0 } report })
            yield return $"{report.FailedRows.Values.Sum()} of {report.Rows} lines cannot run ({string.Join(", ", report.FailedRows.Select(f => $"{f.Key} {f.Value}"))}); each becomes an error line.";
    }
}
