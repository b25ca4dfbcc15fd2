namespace MixAttention.Batch.Reporting;

/// <summary>Round numbers along an axis that begins at zero.</summary>
internal static class Axis
{
    /// <summary>Gets the end of an axis: the smallest round number that reaches a value.</summary>
    public static double End(double value)
    {
        if (value <= 0)
            return 1;
        double power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return new[] { 1, 1.5, 2, 3, 4, 5, 6, 8, 10 }.Select(m => m * power).First(end => end >= value * 0.9999);
    }

    /// <summary>Gets times at which an axis of time has marks: round ones, at most six.</summary>
    public static IEnumerable<double> Seconds(double end)
    {
        double[] steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
        double step = steps.FirstOrDefault(s => end / s <= 6, Math.Ceiling(end / 6 / 86400) * 86400);
        for (double second = 0; second <= end; second += step)
            yield return second;
    }

    /// <summary>Writes a time on an axis.</summary>
    public static string Label(double seconds) => seconds switch
    {
        0 => "0",
        < 60 => FormattableString.Invariant($"{seconds:0.#} s"),
        < 3600 => FormattableString.Invariant($"{(int)seconds / 60}:{(int)seconds % 60:00} min"),
        _ => FormattableString.Invariant($"{(int)seconds / 3600}:{(int)seconds / 60 % 60:00} h"),
    };
}
