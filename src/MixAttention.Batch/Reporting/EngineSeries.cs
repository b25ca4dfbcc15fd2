namespace MixAttention.Batch.Reporting;

/// <summary>How the engines of a job were used over its active time, in steps of equal length.</summary>
internal sealed class EngineSeries
{
    private const int Steps = 160;

    private readonly double[] _kvBytes = new double[Steps];
    private readonly double[] _kvBudget = new double[Steps];
    private readonly double[] _running = new double[Steps];
    private readonly double[] _waiting = new double[Steps];
    private readonly double[] _promptTokens = new double[Steps];
    private readonly double[] _outputTokens = new double[Steps];

    /// <summary>Spreads what workers' engines did over the steps.</summary>
    public EngineSeries(ActiveTime time, IEnumerable<WorkerTrace> workers)
    {
        StepSeconds = Math.Max(time.Seconds, 1e-3) / Steps;
        foreach (var worker in workers)
        {
            for (int i = 0; i < Steps; i++)
                _kvBudget[i] += worker.Windows.Any(w => time.At(w.Start) < (i + 1) * StepSeconds && time.At(w.End) > i * StepSeconds) ? worker.KvBudget : 0;
            foreach (var interval in worker.Intervals)
            {
                double start = time.At(interval.StartedAt), end = time.At(interval.EndedAt);
                Spread(_kvBytes, start, end, interval.KvByteSeconds);
                Spread(_running, start, end, interval.SequenceSeconds);
                Spread(_waiting, start, end, interval.WaitingSeconds);
                Spread(_promptTokens, start, end, interval.PromptTokens);
                Spread(_outputTokens, start, end, interval.CompletionTokens);
            }
        }
    }

    /// <summary>Gets the length of a step in active seconds.</summary>
    public double StepSeconds { get; }

    /// <summary>Gets the KV bytes reserved, on average over each step.</summary>
    public IReadOnlyList<double> KvBytes => _kvBytes;

    /// <summary>Gets the KV bytes of the workers that were there.</summary>
    public IReadOnlyList<double> KvBudget => _kvBudget;

    /// <summary>Gets the sequences that ran.</summary>
    public IReadOnlyList<double> Running => _running;

    /// <summary>Gets the requests that waited for room.</summary>
    public IReadOnlyList<double> Waiting => _waiting;

    /// <summary>Gets the prompt tokens computed per second.</summary>
    public IReadOnlyList<double> PromptTokens => _promptTokens;

    /// <summary>Gets the tokens produced per second.</summary>
    public IReadOnlyList<double> OutputTokens => _outputTokens;

    /// <summary>Adds an amount to the steps that an interval covers, to each as much of it as it covers, per second.</summary>
    private void Spread(double[] steps, double start, double end, double amount)
    {
        int first = Index(start), last = Index(end);
        double length = end - start;
        for (int i = first; i <= last; i++)
        {
            double covered = Math.Min(end, (i + 1) * StepSeconds) - Math.Max(start, i * StepSeconds);
            steps[i] += amount * (length <= 0 ? 1.0 / (last - first + 1) : Math.Max(0, covered) / length) / StepSeconds;
        }
    }

    private int Index(double seconds) => Math.Clamp((int)(seconds / StepSeconds), 0, Steps - 1);
}
