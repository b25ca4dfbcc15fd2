using MixAttention.Batch.Tracing;
using MixAttention.Engine;

namespace MixAttention.Batch.Tests.Tracing;

public sealed class EngineLogTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(119)]
    [InlineData(120)]
    [InlineData(121)]
    [InlineData(100_000)]
    public void Totals_stay_however_many_steps_there_were(int steps)
    {
        var log = new EngineLog(keepsSteps: false);
        for (int i = 0; i < steps; i++)
            log.Add(Step(i));
        var part = log.Drain();
        Assert.InRange(part.Intervals.Count, 1, 121);
        Assert.Empty(part.Steps);
        Assert.Equal(steps, part.Intervals.Sum(i => i.Steps));
        Assert.Equal(3L * steps, part.Intervals.Sum(i => i.PromptTokens));
        Assert.Equal(steps * 0.1, part.Intervals.Sum(i => i.BusyTime.TotalSeconds), 6);
        Assert.Equal(steps * 0.1 * 5, part.Intervals.Sum(i => i.SequenceSeconds), 6);
        Assert.Equal(part.Intervals.OrderBy(i => i.StartedAt), part.Intervals);
        Assert.Empty(log.Drain().Intervals);
    }

    [Fact]
    public void Steps_are_kept_where_they_are_asked_for_and_counted_beyond_a_bound()
    {
        var log = new EngineLog(keepsSteps: true);
        for (int i = 0; i < 100_002; i++)
            log.Add(Step(i));
        var part = log.Drain();
        Assert.Equal(Enumerable.Range(1, 100_000).Select(n => (long)n), part.Steps.Select(s => s.Number));
        Assert.Equal(2, part.DroppedSteps);
        log.Add(Step(0));
        Assert.Equal(100_003, Assert.Single(log.Drain().Steps).Number);
    }

    [Theory]
    [InlineData(8, 0, 1, 0, 0)]
    [InlineData(8, 3, 0, 1, 0)]
    [InlineData(0, 3, 0, 0, 1)]
    public void Model_s_time_counts_for_what_the_step_ran(int promptTokens, int decodeTokens, int prefill, int mixed, int decode)
    {
        var interval = EngineInterval.Of(new EngineStep { StartedAt = Noon, ModelTime = TimeSpan.FromSeconds(1), OtherTime = TimeSpan.FromSeconds(1), PromptTokens = promptTokens, DecodeTokens = decodeTokens, SequencesRunning = 4, KvBytesUsed = 10 });
        Assert.Equal((prefill, mixed, decode, 1), (interval.PrefillTime.TotalSeconds, interval.MixedTime.TotalSeconds, interval.DecodeTime.TotalSeconds, interval.OtherTime.TotalSeconds));
        Assert.Equal((8.0, 20.0, 10L), (interval.SequenceSeconds, interval.KvByteSeconds, interval.PeakKvBytes));
    }

    private static EngineStep Step(int i) => new() { StartedAt = Noon.AddSeconds(i * 0.2), ModelTime = TimeSpan.FromSeconds(0.1), PromptTokens = 3, SequencesRunning = 5 };
}
