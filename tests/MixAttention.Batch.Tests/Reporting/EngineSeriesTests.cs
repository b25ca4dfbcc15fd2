using MixAttention.Batch.Reporting;
using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Tests.Reporting;

public sealed class EngineSeriesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Pauses_are_cut_out_of_a_job_s_time()
    {
        var time = new ActiveTime([Window(100, 110), Window(0, 4), Window(3, 8), Window(10, 12)]);
        Assert.Equal(22, time.Seconds);
        Assert.Equal([12.0], time.Pauses);
        Assert.Equal([0, 3, 12, 12, 17, 22], new[] { -5, 3, 50, 100, 105, 200 }.Select(s => time.At(Noon.AddSeconds(s))));
    }

    [Fact]
    public void Time_of_nobody_is_none()
    {
        var time = new ActiveTime([]);
        Assert.Equal((0, 0), (time.Seconds, time.At(Noon)));
    }

    [Fact]
    public void Amounts_are_spread_over_the_time_that_they_took()
    {
        var worker = new WorkerTrace("w");
        worker.Add(Shard(0, 160, Interval(0, 10, kv: 500, tokens: 100), Interval(20.5, 30.5, kv: 1000, tokens: 300)));
        var series = new EngineSeries(new ActiveTime(worker.Windows), [worker]);
        Assert.Equal(1, series.StepSeconds, 9);
        Assert.All(series.KvBudget, b => Assert.Equal(1000, b));
        Assert.Equal(10, series.PromptTokens[5], 9);
        Assert.Equal(500, series.KvBytes[9], 9);
        Assert.Equal(0, series.KvBytes[15], 9);
        Assert.Equal(500, series.KvBytes[20], 9);
        Assert.Equal(1000, series.KvBytes[21], 9);
        Assert.Equal(400, series.PromptTokens.Sum() * series.StepSeconds, 6);
    }

    [Fact]
    public void Workers_that_are_there_together_add_up()
    {
        var (first, second) = (new WorkerTrace("a"), new WorkerTrace("b"));
        first.Add(Shard(0, 80, Interval(0, 80, kv: 100, tokens: 0)));
        second.Add(Shard(40, 160, Interval(40, 160, kv: 30, tokens: 0)));
        var series = new EngineSeries(new ActiveTime([.. first.Windows, .. second.Windows]), [first, second]);
        Assert.Equal([100, 130, 30], new[] { 10, 60, 120 }.Select(i => Math.Round(series.KvBytes[i], 6)));
        Assert.Equal([1000, 2000, 1000], new[] { 10, 60, 120 }.Select(i => series.KvBudget[i]));
    }

    [Fact]
    public void Long_job_loses_detail_and_no_total()
    {
        var worker = new WorkerTrace("w");
        for (int shard = 0; shard < 100; shard++)
            worker.Add(Shard(shard * 100, (shard + 1) * 100, [.. Enumerable.Range(0, 100).Select(i => Interval((shard * 100) + i, (shard * 100) + i + 1, kv: 7, tokens: 2))]));
        Assert.InRange(worker.Intervals.Count, 1000, 4000);
        Assert.Equal((20_000, 7 * 10_000), (worker.Total!.PromptTokens, Math.Round(worker.Total.KvByteSeconds)));
    }

    [Theory]
    [InlineData(5, 1)]
    [InlineData(10, 1)]
    [InlineData(11, 2)]
    [InlineData(1000, 128)]
    public void Sample_keeps_every_nth(int things, int stride)
    {
        var sample = new Sample<int>(10);
        for (int i = 0; i < things; i++)
            sample.Add(i);
        Assert.Equal(stride, sample.Stride);
        Assert.Equal(Enumerable.Range(0, things).Where(i => i % stride == 0), sample.Kept);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(133e6, 150e6)]
    [InlineData(24, 30)]
    [InlineData(1499, 1500)]
    [InlineData(0.7, 0.8)]
    [InlineData(100, 100)]
    public void Axis_ends_at_a_round_number(double value, double end) => Assert.Equal(end, Axis.End(value), 9);

    private static TimeWindow Window(double start, double end) => new(Noon.AddSeconds(start), Noon.AddSeconds(end));

    private static ShardSpan Shard(double start, double end, params EngineInterval[] engine) => new()
    {
        JobId = "job_1",
        Shard = 0,
        Generation = 1,
        StartedAt = Noon.AddSeconds(start),
        EndedAt = Noon.AddSeconds(end),
        Rows = 1,
        IsWhole = true,
        KvBudget = 1000,
        MaxSequences = 8,
        Engine = engine,
    };

    private static EngineInterval Interval(double start, double end, double kv, long tokens) =>
        new() { StartedAt = Noon.AddSeconds(start), EndedAt = Noon.AddSeconds(end), KvByteSeconds = kv * (end - start), PromptTokens = tokens };
}
