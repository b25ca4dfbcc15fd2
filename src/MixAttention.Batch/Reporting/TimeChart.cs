namespace MixAttention.Batch.Reporting;

/// <summary>One quantity over the active time of a job, as an area; beside it a second one or a limit, as a line.</summary>
/// <param name="time">The job's active time.</param>
/// <param name="stepSeconds">The length of a step of the values.</param>
internal sealed class TimeChart(ActiveTime time, double stepSeconds)
{
    private const double Width = 560, Height = 170, Left = 58, Right = 10, Top = 10, Bottom = 24;

    /// <summary>Gets the title, which says what is shown, in which unit.</summary>
    public required string Title { get; init; }

    /// <summary>Gets what stands at the right of the title.</summary>
    public string Note { get; init; } = "";

    /// <summary>Gets the class of the area, which colours it.</summary>
    public required string Class { get; init; }

    /// <summary>Gets the values, one for each step.</summary>
    public required IReadOnlyList<double> Values { get; init; }

    /// <summary>Gets the values of the line; null for none.</summary>
    public IReadOnlyList<double>? Line { get; init; }

    /// <summary>Gets the name of the line.</summary>
    public string LineName { get; init; } = "";

    /// <summary>Gets how a value is written.</summary>
    public required Func<double, string> Format { get; init; }

    /// <summary>Draws the chart.</summary>
    public string Draw()
    {
        double end = Axis.End(Values.Concat(Line ?? []).Max());
        var svg = new Markup();
        svg.Add($"<figure><figcaption><b>{Title}</b><span>{Note}</span></figcaption>");
        svg.Add($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Title}\">");
        foreach (double share in new[] { 0, 0.5, 1 })
        {
            double y = Y(share * end, end);
            svg.Add($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y}\" y2=\"{y}\"/><text class=\"label end\" x=\"{Left - 6}\" y=\"{y + 4}\">{Format(share * end)}</text>");
        }

        foreach (double second in Axis.Seconds(time.Seconds))
            svg.Add($"<text class=\"label middle\" x=\"{X(second)}\" y=\"{Height - 6}\">{Axis.Label(second)}</text>");
        svg.Add($"<path class=\"area {Class}\" d=\"M{X(0)} {Y(0, end)} {Path(Values, end)}L{X(time.Seconds)} {Y(0, end)}Z\"/>");
        if (Line is not null)
            svg.Add($"<path class=\"line\" d=\"M{Path(Line, end)[1..]}\"/>");
        foreach (double pause in time.Pauses)
            svg.Add($"<line class=\"pause\" x1=\"{X(pause)}\" x2=\"{X(pause)}\" y1=\"{Top}\" y2=\"{Height - Bottom}\"><title>A pause</title></line>");
        for (int i = 0; i < Values.Count; i++)
        {
            string line = Line is null ? "" : $", {LineName} {Format(Line[i])}";
            svg.Add($"<rect class=\"hover\" x=\"{X(i * stepSeconds)}\" y=\"{Top}\" width=\"{X(stepSeconds) - X(0)}\" height=\"{Height - Bottom - Top}\"><title>{Axis.Label(i * stepSeconds)}: {Format(Values[i])}{line}</title></rect>");
        }

        return svg.Add($"</svg></figure>").ToString();
    }

    /// <summary>Makes stairs of values.</summary>
    private string Path(IReadOnlyList<double> values, double end)
    {
        var path = new Markup();
        for (int i = 0; i < values.Count; i++)
            path.Add($"L{X(i * stepSeconds)} {Y(values[i], end)} H{X((i + 1) * stepSeconds)}");
        return path.ToString();
    }

    private double X(double seconds) => Left + (Math.Min(seconds, time.Seconds) / Math.Max(time.Seconds, 1e-3) * (Width - Left - Right));

    private static double Y(double value, double end) => Top + ((1 - (value / end)) * (Height - Top - Bottom));
}
