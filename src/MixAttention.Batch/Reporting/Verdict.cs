using System.Globalization;
using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Reporting;

/// <summary>Says in a few sentences what a report shows: how it went, whether memory was full, where the time went.</summary>
/// <param name="IsGood">Whether nothing asks for action.</param>
/// <param name="Text">The sentence.</param>
internal sealed record Verdict(bool IsGood, string Text)
{
    private const double Full = 0.85;

    /// <summary>Says what there is to say.</summary>
    public static IReadOnlyList<Verdict> Of(ReportData data) => [.. new[] { Outcome(data), Memory(data), Time(data), Saved(data) }.OfType<Verdict>()];

    private static Verdict Outcome(ReportData data)
    {
        string unfinished = data.Unfinished == 0 ? "" : $" {data.Unfinished:N0} have not run yet: the same command again goes on.";
        string ended = data.Ended is null ? "" : $" The job was ended before its time ({data.Ended.ToString()!.ToLowerInvariant()}).";
        return data.Failed == 0
            ? new Verdict(data.Unfinished == 0, Invariant($"{(data.Unfinished == 0 ? "All" : "So far")} {data.Succeeded:N0} requests succeeded.") + unfinished)
            : new Verdict(false, Invariant($"{data.Failed:N0} of {data.Requests:N0} requests failed, most of them with {data.Errors[0].Code}.") + ended + unfinished);
    }

    private static Verdict? Memory(ReportData data)
    {
        if (data.Engine is not { } engine || data.Workers.Max(w => w.KvBudget) is not (> 0 and var budget))
            return null;
        string peak = $"at most {ShareBar.Percent(data.PeakKvShare)} of {ByteSize.Format(budget)}";
        if (data.MeanKvShare >= Full && data.MeanWaiting >= 1)
            return new Verdict(false, Invariant($"Memory was full: keys and values took {ShareBar.Percent(data.MeanKvShare)} of {ByteSize.Format(budget)} on average, and {data.MeanWaiting:0} requests waited for room. With more --memory more of them run at once."));
        if (engine.PeakSequences >= data.Workers.Max(w => w.MaxSequences) && data.MeanWaiting >= 1)
            return new Verdict(false, Invariant($"The limit of {engine.PeakSequences:N0} sequences was reached, while keys and values took {peak}. A higher --max-sequences runs more at once."));
        return new Verdict(true, data.PeakKvShare >= Full
            ? Invariant($"Memory was full at times: keys and values took {ShareBar.Percent(data.MeanKvShare)} of {ByteSize.Format(budget)} on average.")
            : $"Memory was not the limit: keys and values took {peak}.");
    }

    private static Verdict? Time(ReportData data)
    {
        if (data.Engine is not { } engine || engine.BusyTime <= TimeSpan.Zero)
            return null;
        double wall = data.Workers.Sum(w => new ActiveTime(w.Windows).Seconds);
        double idle = Math.Max(0, wall - engine.BusyTime.TotalSeconds) / wall;
        if (idle > 0.2)
            return new Verdict(false, $"Engines had nothing to do for {ShareBar.Percent(idle)} of the time: the job was small, or documents came too slowly.");
        string prompts = $"{ShareBar.Percent((engine.PrefillTime + engine.MixedTime) / engine.BusyTime)} of it went into steps that computed prompts";
        string answers = $"{ShareBar.Percent(engine.DecodeTime / engine.BusyTime)} into steps with answers alone";
        return new Verdict(true, $"{(engine.DecodeTime > engine.BusyTime / 2 ? "Answers" : "Prompts")} took the time: {prompts}, {answers}.");
    }

    private static Verdict? Saved(ReportData data)
    {
        string[] saved =
        [
            .. data.Calls.TrimmedShare < 0.01 ? [] : new[] { $"trimming left out {ShareBar.Percent(data.Calls.TrimmedShare)} of the prompts' operations" },
            .. data.Calls.CachedShare < 0.01 ? [] : new[] { $"{ShareBar.Percent(data.Calls.CachedShare)} of the prompts' tokens had been computed for another request" },
        ];
        return saved.Length == 0 ? null : new Verdict(true, $"Work that was not needed: {string.Join("; ", saved)}.");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
