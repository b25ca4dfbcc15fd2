using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Reporting;

/// <summary>Draws single steps of engines: when they ran, and for how long.</summary>
internal static class StepChart
{
    private const double Width = 1140, Height = 220, Left = 58, Right = 6, Top = 10, Bottom = 24;

    public static string Draw(ActiveTime time, IReadOnlyList<NumberedStep> steps)
    {
        double end = Axis.End(steps.Max(s => Milliseconds(s)));
        var svg = new Markup();
        svg.Add($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"Time of each step\">");
        foreach (double share in new[] { 0, 0.5, 1 })
            svg.Add($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(share * end)}\" y2=\"{Y(share * end)}\"/><text class=\"label end\" x=\"{Left - 6}\" y=\"{Y(share * end) + 4}\">{share * end} ms</text>");
        foreach (double second in Axis.Seconds(time.Seconds))
            svg.Add($"<text class=\"label middle\" x=\"{X(second)}\" y=\"{Height - 6}\">{Axis.Label(second)}</text>");
        foreach (var numbered in steps)
        {
            var step = numbered.Step;
            string kind = step.PromptTokens == 0 ? "decode" : step.DecodeTokens == 0 ? "prefill" : "mixed";
            svg.Add($"<circle class=\"{kind}\" cx=\"{X(time.At(step.StartedAt))}\" cy=\"{Y(Milliseconds(numbered))}\" r=\"2.2\"><title>Step {numbered.Number}: {Milliseconds(numbered)} ms, {step.PromptTokens:N0} prompt tokens, {step.DecodeTokens:N0} sequences one token further, {step.SequencesRunning:N0} running</title></circle>");
        }

        return svg.Add($"</svg>").ToString();

        double X(double seconds) => Left + (seconds / Math.Max(time.Seconds, 1e-3) * (Width - Left - Right));
        double Y(double milliseconds) => Top + ((1 - (milliseconds / end)) * (Height - Top - Bottom));
    }

    private static double Milliseconds(NumberedStep step) => (step.Step.ModelTime + step.Step.OtherTime).TotalMilliseconds;
}
