using System.Globalization;
using MixAttention.Batch.Jobs;
using MixAttention.Engine.KvCache;
using Spectre.Console;

namespace MixAttention.Batch.Cli.Display;

/// <summary>Shows where a job is while it runs: redrawn in place on a terminal, a plain line every few seconds elsewhere.</summary>
internal sealed class ProgressDisplay(CliHost host, Func<JobProgress> progress)
{
    private static readonly TimeSpan RedrawPeriod = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LinePeriod = TimeSpan.FromSeconds(5);

    private JobProgress? _last;

    /// <summary>Shows progress until the job ends; its outcome is the job's.</summary>
    public async Task<T> FollowAsync<T>(Task<T> job)
    {
        if (host.IsTerminal)
            await RedrawAsync(job);
        else
            await WriteLinesAsync(job);
        return await job;
    }

    private async Task RedrawAsync(Task job)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(host.Error) });
        await console.Live(Panel()).AutoClear(true).StartAsync(async live =>
        {
            while (!await EndsWithinAsync(job, RedrawPeriod))
                live.UpdateTarget(Panel());
        });
    }

    private async Task WriteLinesAsync(Task job)
    {
        while (!await EndsWithinAsync(job, LinePeriod))
            host.Error.WriteLine(Line());
    }

    private async Task<bool> EndsWithinAsync(Task job, TimeSpan period)
    {
        using var stop = new CancellationTokenSource();
        bool ended = await Task.WhenAny(job, Task.Delay(period, host.Time, stop.Token)) == job;
        await stop.CancelAsync();
        return ended;
    }

    private string Line()
    {
        var now = progress();
        return now.Engine.KvBytesBudget == 0 ? "Loading the model." : string.Join(", ", Facts(now).Select(f => $"{f.Name} {f.Value}"));
    }

    private Rows Panel()
    {
        var now = progress();
        if (now.Engine.KvBytesBudget == 0)
            return new Rows(new Text("Loading the model…"));
        var grid = new Grid().AddColumn(new GridColumn { NoWrap = true }).AddColumn();
        foreach (var (name, value) in Facts(now))
            grid.AddRow(new Text(name, new Style(Color.Grey)), new Text(value));
        var bar = new BreakdownChart().Width(60).HideTags().AddItem("done", now.Share, Color.Green).AddItem("left", 1 - now.Share, Color.Grey23);
        return new Rows(bar, grid);
    }

    /// <summary>Lists what is shown; rates are those since the last time it was shown.</summary>
    private List<(string Name, string Value)> Facts(JobProgress now)
    {
        var facts = new List<(string, string)>
        {
            ("requests", $"{now.Finished}/{now.Requests}" + (now.Failed > 0 ? $" ({now.Failed} failed)" : "")),
            ("prompt tokens/s", Rate(now, p => p.Engine.PromptTokens)),
            ("output tokens/s", Rate(now, p => p.Engine.CompletionTokens)),
            ("running", now.Engine.SequencesRunning.ToString(CultureInfo.InvariantCulture)),
            ("KV", $"{ByteSize.Format(now.Engine.KvBytesUsed)} of {ByteSize.Format(now.Engine.KvBytesBudget)}"),
            ("time left", now.TimeLeft is { } left ? Duration.Format(left) : "–"),
        };
        _last = now;
        return facts;
    }

    private string Rate(JobProgress now, Func<JobProgress, long> count)
    {
        double seconds = (now.Elapsed - (_last?.Elapsed ?? TimeSpan.Zero)).TotalSeconds;
        return seconds <= 0 ? "–" : ((count(now) - (_last is null ? 0 : count(_last))) / seconds).ToString("N0", CultureInfo.InvariantCulture);
    }
}
