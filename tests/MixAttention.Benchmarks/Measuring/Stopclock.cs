namespace MixAttention.Benchmarks.Measuring;

/// <summary>Times pieces of work: a warm-up, then a number of runs.</summary>
/// <param name="time">The clock.</param>
/// <param name="repetitions">Timed runs per measurement.</param>
internal sealed class Stopclock(TimeProvider time, int repetitions)
{
    /// <summary>Runs the work once untimed and then several times timed.</summary>
    public Timing Measure(Action work)
    {
        work();
        var seconds = new double[repetitions];
        for (int i = 0; i < seconds.Length; i++)
        {
            long start = time.GetTimestamp();
            work();
            seconds[i] = time.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        return new Timing(seconds);
    }

    /// <summary>Measures two pieces of work in turns, so that a slow moment of the machine hits both.</summary>
    public (Timing First, Timing Second) MeasureInTurns(Action first, Action second)
    {
        first();
        second();
        var (a, b) = (new double[repetitions], new double[repetitions]);
        for (int i = 0; i < repetitions; i++)
        {
            long start = time.GetTimestamp();
            first();
            long middle = time.GetTimestamp();
            second();
            (a[i], b[i]) = (time.GetElapsedTime(start, middle).TotalSeconds, time.GetElapsedTime(middle).TotalSeconds);
        }

        Array.Sort(a);
        Array.Sort(b);
        return (new Timing(a), new Timing(b));
    }
}

/// <summary>The seconds that each run took, ascending.</summary>
internal readonly record struct Timing(double[] Seconds)
{
    /// <summary>Gets the shortest run: what the machine can do when nothing disturbs it.</summary>
    public double Best => Seconds[0];

    /// <summary>Gets the middle run: what to expect.</summary>
    public double Median => Seconds.Length % 2 == 1 ? Seconds[Seconds.Length / 2] : (Seconds[(Seconds.Length / 2) - 1] + Seconds[Seconds.Length / 2]) / 2;
}
