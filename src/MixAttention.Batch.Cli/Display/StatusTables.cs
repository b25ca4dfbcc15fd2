using System.Globalization;
using MixAttention.Batch.Jobs;
using Spectre.Console;

namespace MixAttention.Batch.Cli.Display;

/// <summary>Shows where jobs are.</summary>
internal static class StatusTables
{
    /// <summary>Prints one job.</summary>
    public static void Print(CliHost host, JobStatus job)
    {
        var grid = new Grid().AddColumn(new GridColumn { NoWrap = true }).AddColumn();
        foreach (var (name, value) in Describe(job))
            grid.AddRow(new Text(name, new Style(Color.Grey)), new Text(value));
        host.Write(grid);
    }

    /// <summary>Prints a line for each job.</summary>
    public static void Print(CliHost host, IReadOnlyList<JobStatus> jobs)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns(
            new TableColumn("job"), new TableColumn("status"), new TableColumn("requests").RightAligned(), new TableColumn("finished").RightAligned(), new TableColumn("failed").RightAligned(),
            new TableColumn("model"), new TableColumn("created"));
        foreach (var job in jobs)
        {
            var counts = job.RequestCounts;
            string[] row = [job.Id, Name(job), Quantity.Of(counts.Total), Quantity.Of(counts.Completed + counts.Failed), Quantity.Of(counts.Failed), Printable.Of(job.Model), Time(job.CreatedAt)];
            table.AddRow([.. row.Select(text => new Text(text))]);
        }

        host.Write(table);
    }

    private static IEnumerable<(string Name, string Value)> Describe(JobStatus job)
    {
        var (counts, details) = (job.RequestCounts, job.XBatch);
        yield return ("job", job.Id);
        yield return ("status", Name(job));
        yield return ("model", Printable.Of(job.Model));
        yield return ("created", Time(job.CreatedAt));
        if (job.ExpiresAt is { } deadline)
            yield return ("deadline", Time(deadline));
        if ((job.CompletedAt ?? job.ExpiredAt ?? job.CancelledAt) is { } ended)
            yield return ("ended", Time(ended));
        yield return ("requests", $"{Quantity.Of(counts.Total)}: {Quantity.Of(counts.Completed)} succeeded, {Quantity.Of(counts.Failed)} failed" +
            (job.IsFinal ? "" : $", {Quantity.Of(details.RowsRunning)} running, {Quantity.Of(details.RowsQueued)} waiting"));
        if (details.Shards > 0)
            yield return ("shards", $"{Quantity.Of(details.ShardsCommitted)} of {Quantity.Of(details.Shards)} committed");
        if (details.Crashes > 0)
            yield return ("crashes", $"{Quantity.Of(details.Crashes, "time")} a worker died; {Quantity.Of(details.Suspects, "request")} to be run alone, having been running in several of these deaths");
        if (job.Usage is { } usage)
            yield return ("tokens", $"{Quantity.Of(usage.InputTokens)} in, {Quantity.Of(usage.OutputTokens)} out");
        foreach (var aside in details.PutAside)
            yield return ("put aside", $"shard {aside.Shard}: {aside.Reason}: {Printable.Of(aside.Cure)}");
    }

    private static string Name(JobStatus job) => job.Status switch
    {
        BatchStatus.InProgress => "in progress",
        BatchStatus.Cancelled when job.XBatch.Ended == EndReason.TooManyErrors => "ended: too many errors",
        _ => job.Status.ToString().ToLowerInvariant(),
    };

    private static string Time(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
