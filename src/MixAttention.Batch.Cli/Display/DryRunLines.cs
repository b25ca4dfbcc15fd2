using System.Globalization;
using MixAttention.Batch.Jobs;
using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Cli.Display;

/// <summary>Writes what a dry run found out.</summary>
internal static class DryRunLines
{
    public static IEnumerable<string> Of(DryRunReport report)
    {
        bool isWhole = report.LookedAt == report.Requests;
        yield return Text($"Dry run: nothing was submitted and nothing written. {Quantity.Of(report.Requests, "request")}{(isWhole ? "" : $", of which {report.LookedAt:N0}, evenly spaced, were looked at")}.");
        yield return report.Failures.Count == 0
            ? "Failures: none of them."
            : Text($"Failures: {report.Failures.Values.Sum():N0} of {report.LookedAt:N0} cannot run ({string.Join(", ", report.Failures.Select(f => $"{f.Key} {f.Value}"))}).");
        yield return Text($"Prompt tokens: {report.PromptTokens:N0}{(isWhole ? "" : $" ± {Math.Ceiling(100 * report.PromptTokensMargin):N0} %")}, {(double)report.PromptTokens / Math.Max(1, report.Requests):N0} a request.");
        yield return Text($"KV memory: {ByteSize.Format(report.KvBytesOnAverage)} a request on average, {ByteSize.Format(report.KvBytesAtMost)} at most; {ByteSize.Format(report.KvBytesBudget)} and --max-sequences let {report.AtOnce:N0} run at once.");
        yield return TimeOf(report);
    }

    private static string TimeOf(DryRunReport report)
    {
        var pace = report.Pace;
        if (report.TimeByPrompts is not { } byPrompts)
            return "Time: unknown, nothing ran.";
        if (pace.IsWhole && report.LookedAt == report.Requests)
            return $"Time: {Duration.Format(pace.Elapsed)}, without loading the model: all of them ran here.";
        TimeSpan[] times = [byPrompts, report.TimeByAnswers ?? byPrompts];
        return Text($"Time: {Duration.Format(times.Min())} to {Duration.Format(times.Max())}, without loading the model, at the paces of prompts and of answers {(pace.TellsAnswers ? "as long as those that finished" : "as long as they may be")} ") +
            Text($"({report.AnswerTokens:N0} tokens): in {Duration.Format(pace.Elapsed)} here {pace.PromptTokens:N0} prompt tokens and {pace.AnswerTokens:N0} of answers were done, and {pace.Finished:N0} requests finished.");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
