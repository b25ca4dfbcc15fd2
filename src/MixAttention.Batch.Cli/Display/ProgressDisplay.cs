using System.Collections.Concurrent;
using System.Globalization;
using MixAttention.Batch.Jobs;
using MixAttention.Engine.KvCache;
using Spectre.Console;

namespace MixAttention.Batch.Cli.Display;

/// <summary>Shows where a job is while it runs: redrawn in place on a terminal, a plain line every few seconds elsewhere. Messages and the first failures come at once.</summary>
internal sealed class ProgressDisplay(CliHost host)
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LinePeriod = TimeSpan.FromSeconds(5);

    private readonly ConcurrentQueue<string> _messages = new();
    private JobProgress? _last;

    /// <summary>Gets the lines of failures, of which some may have been shown.</summary>
    public FailureLines Failures { get; } = new();

    /// <summary>Shows a line; may be called from any thread.</summary>
    public void Say(string message) => _messages.Enqueue(message);

    /// <summary>Shows progress until the job ends; its outcome is the job's.</summary>
    /// <param name="job">The job.</param>
    /// <param name="progress">Tells where it is.</param>
    public async Task<T> FollowAsync<T>(Task<T> job, Func<JobProgress> progress)
    {
        if (host.IsTerminal)
            await RedrawAsync(job, progress);
        else
            await WriteLinesAsync(job, progress);
        foreach (string message in NextMessages(progress()))
            host.Error.WriteLine(message);
        return await job;
    }

    private async Task RedrawAsync(Task job, Func<JobProgress> progress)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(host.Error) });
        await console.Live(Panel(progress())).AutoClear(true).StartAsync(async live =>
        {
            while (!await EndsWithinAsync(job, LookPeriod))
            {
                foreach (string message in NextMessages(progress()))
                    console.WriteLine(message);
                live.UpdateTarget(Panel(progress()));
            }
        });
    }

    private async Task WriteLinesAsync(Task job, Func<JobProgress> progress)
    {
        long shown = host.Time.GetTimestamp();
        while (!await EndsWithinAsync(job, LookPeriod))
        {
            foreach (string message in NextMessages(progress()))
                host.Error.WriteLine(message);
            if (host.Time.GetElapsedTime(shown) < LinePeriod)
                continue;
            host.Error.WriteLine(Line(progress()));
            shown = host.Time.GetTimestamp();
        }
    }

    private IEnumerable<string> NextMessages(JobProgress now)
    {
        while (_messages.TryDequeue(out string? message))
            yield return message;
        foreach (string failure in Failures.Take(now.FirstFailures))
            yield return failure;
    }

    private async Task<bool> EndsWithinAsync(Task job, TimeSpan period)
    {
        using var stop = new CancellationTokenSource();
        bool ended = await Task.WhenAny(job, Task.Delay(period, host.Time, stop.Token)) == job;
        await stop.CancelAsync();
        return ended;
    }

    private string Line(JobProgress now) =>
        now.Engine.KvBytesBudget == 0 ? "Loading the model." : string.Join(", ", Facts(now).Select(f => $"{f.Name} {f.Value}"));

    private Rows Panel(JobProgress now)
    {
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
            ("requests", $"{Quantity.Of(now.Finished)}/{Quantity.Of(now.Requests)}" + (now.Failed > 0 ? $" ({Quantity.Of(now.Failed)} failed)" : "")),
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
