using System.Globalization;

namespace MixAttention.Batch;

/// <summary>Writes spans of time for people: 4.2 s, 3 min 20 s, 2 h 05 min.</summary>
public static class Duration
{
    /// <summary>Writes a span of time.</summary>
    public static string Format(TimeSpan time) =>
        time < TimeSpan.FromMinutes(1) ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : time < TimeSpan.FromHours(1) ? $"{time.Minutes} min {time.Seconds:00} s"
        : $"{(int)time.TotalHours} h {time.Minutes:00} min";
}
