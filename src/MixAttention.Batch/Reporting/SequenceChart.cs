using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Reporting;

/// <summary>Draws every sequence as a bar from being handed in to its last token. As many bars lie above each other as there were sequences at once.</summary>
internal static class SequenceChart
{
    private const double Width = 1140, Left = 6, Right = 6, Bottom = 24;
    private const double MostHeight = 420;

    public static string Draw(ActiveTime time, IReadOnlyList<CallSpan> calls)
    {
        var (lanes, count) = Pack(calls);
        double lane = Math.Clamp(MostHeight / Math.Max(count, 1), 2, 14), height = (lane * count) + Bottom;
        var svg = new Markup();
        svg.Add($"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"Sequences over time\">");
        foreach (double second in Axis.Seconds(time.Seconds))
            svg.Add($"<line class=\"grid\" x1=\"{X(second)}\" x2=\"{X(second)}\" y1=\"0\" y2=\"{height - Bottom}\"/><text class=\"label {(second == 0 ? "" : "middle")}\" x=\"{X(second)}\" y=\"{height - 6}\">{Axis.Label(second)}</text>");
        foreach (var (call, index) in lanes)
        {
            double handedIn = X(time.At(call.SubmittedAt)), start = X(time.At(call.RunAt)), first = X(time.At(call.SubmittedAt + call.Timings.FirstToken)), end = X(time.At(call.EndedAt));
            double y = index * lane, bar = lane > 4 ? lane - 1.5 : lane - 0.4;
            svg.Add($"<g class=\"sequence\"><rect class=\"queue\" x=\"{handedIn}\" y=\"{y}\" width=\"{start - handedIn}\" height=\"{bar}\"/><rect class=\"prefill\" x=\"{start}\" y=\"{y}\" width=\"{Math.Max(first - start, 0.4)}\" height=\"{bar}\"/><rect class=\"decode\" x=\"{first}\" y=\"{y}\" width=\"{Math.Max(end - first, 0.4)}\" height=\"{bar}\"/>");
            svg.Add($"<title>{Markup.Escape(call.CustomId)}{(call.CallId is null ? "" : $" · {Markup.Escape(call.CallId)}")}: {call.PromptTokens:N0} + {call.CompletionTokens:N0} tokens; waited {Duration.Format(call.Timings.Queued)}, prompt {Duration.Format(call.Timings.Prefill)}, answer {Duration.Format(call.Timings.Decode)} ({call.FinishReason})</title></g>");
        }

        return svg.Add($"</svg>").ToString();

        double X(double seconds) => Left + (seconds / Math.Max(time.Seconds, 1e-3) * (Width - Left - Right));
    }

    /// <summary>Puts each sequence into the first lane that is free when it is handed in.</summary>
    private static (List<(CallSpan Call, int Lane)> Lanes, int Count) Pack(IEnumerable<CallSpan> calls)
    {
        var lanes = new List<(CallSpan, int)>();
        var freeFrom = new List<DateTimeOffset>();
        foreach (var call in calls.OrderBy(c => c.SubmittedAt).ThenBy(c => c.RunAt))
        {
            int lane = freeFrom.FindIndex(free => free <= call.SubmittedAt);
            if (lane < 0)
            {
                lane = freeFrom.Count;
                freeFrom.Add(default);
            }

            freeFrom[lane] = call.EndedAt;
            lanes.Add((call, lane));
        }

        return (lanes, freeFrom.Count);
    }
}
