using System.Globalization;

namespace MixAttention.Batch.Reporting;

/// <summary>A bar that is cut into the parts of a whole, with a legend that names each part, its amount and its share.</summary>
internal static class ShareBar
{
    /// <param name="parts">Class, name and time of each part; a part without time is left out.</param>
    public static string Draw(params IReadOnlyList<(string Class, string Name, TimeSpan Time)> parts)
    {
        double whole = parts.Sum(p => p.Time.TotalSeconds);
        var html = new Markup();
        html.Add($"<div class=\"bar\">");
        foreach (var (kind, name, time) in parts.Where(p => p.Time > TimeSpan.Zero))
            html.Add($"<i class=\"{kind}\" style=\"width:{100 * time.TotalSeconds / whole}%\" title=\"{name}: {Duration.Format(time)}\"></i>");
        html.Add($"</div><ul class=\"legend\">");
        foreach (var (kind, name, time) in parts.Where(p => p.Time > TimeSpan.Zero))
            html.Add($"<li><i class=\"{kind}\"></i>{name} <b>{Percent(time.TotalSeconds / whole)}</b> <small>{Duration.Format(time)}</small></li>");
        return html.Add($"</ul>").ToString();
    }

    /// <summary>Writes a share.</summary>
    public static string Percent(double share) => share is > 0 and < 0.01 ? "< 1 %" : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %");
}
