using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Reporting;
using MixAttention.Batch.Tracing;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Reporting;

public sealed class VerdictTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(950, 12, 8, "Memory was full: keys and values took 95 % of 1.00 kB on average, and 12 requests waited for room. With more --memory more of them run at once.")]
    [InlineData(950, 0, 8, "Memory was full at times: keys and values took 95 % of 1.00 kB on average.")]
    [InlineData(300, 12, 8, "Memory was not the limit: keys and values took at most 30 % of 1.00 kB.")]
    [InlineData(300, 12, 16, "The limit of 16 sequences was reached, while keys and values took at most 30 % of 1.00 kB. A higher --max-sequences runs more at once.")]
    public void Memory_is_judged_by_what_held_the_batch(long kvBytes, int waiting, int sequences, string said) =>
        Assert.Contains(said, Of(Busy(prefill: 6, decode: 4, kvBytes, waiting, sequences)));

    [Theory]
    [InlineData(7, 3, "Prompts took the time: 70 % of it went into steps that computed prompts, 30 % into steps with answers alone.")]
    [InlineData(2, 8, "Answers took the time: 20 % of it went into steps that computed prompts, 80 % into steps with answers alone.")]
    [InlineData(2, 1, "Engines had nothing to do for 70 % of the time: the job was small, or documents came too slowly.")]
    public void Time_is_judged_by_the_steps(int prefill, int decode, string said) => Assert.Contains(said, Of(Busy(prefill, decode, 300, 0, 4)));

    [Fact]
    public void Outcome_is_said_first()
    {
        var interval = Busy(5, 5, 300, 0, 4);
        Assert.Equal("All 10 requests succeeded.", Of(interval)[0]);
        Assert.Equal("3 of 10 requests failed, most of them with document_empty.", Of(interval, succeeded: 7, failed: 3)[0]);
        Assert.Equal("So far 6 requests succeeded. 4 have not run yet: the same command again goes on.", Of(interval, succeeded: 6)[0]);
    }

    private static string[] Of(EngineInterval engine, int succeeded = 10, int failed = 0)
    {
        var worker = new WorkerTrace("w");
        worker.Add(new ShardSpan { JobId = "job_1", Shard = 0, Generation = 1, StartedAt = Noon, EndedAt = Noon.AddSeconds(10), Rows = 10, IsWhole = true, KvBudget = 1000, MaxSequences = 16, Engine = [engine] });
        var data = new ReportData
        {
            Manifest = new JobManifest { JobId = "job_1", CreatedAt = Noon, Input = new JobInput(JobInput.Documents, 1), Task = PromptTask.Summarize, Sampling = new SamplingParams(), ModelName = "m" },
            Requests = 10,
            Succeeded = succeeded,
            Failed = failed,
            PromptTokens = 0,
            CompletionTokens = 0,
            Errors = failed == 0 ? [] : [new ErrorGroup("document_empty", failed, [])],
            Time = new ActiveTime(worker.Windows),
            Workers = [worker],
            Engine = worker.Total,
            Calls = new CallTotals(),
            Timeline = new Sample<CallSpan>(1),
            Longest = [],
            Steps = new Sample<NumberedStep>(1),
        };
        return [.. Verdict.Of(data).Select(v => v.Text)];
    }

    private static EngineInterval Busy(int prefill, int decode, long kvBytes, int waiting, int sequences) => new()
    {
        StartedAt = Noon,
        EndedAt = Noon.AddSeconds(prefill + decode),
        PrefillTime = TimeSpan.FromSeconds(prefill),
        DecodeTime = TimeSpan.FromSeconds(decode),
        KvByteSeconds = kvBytes * (prefill + decode),
        PeakKvBytes = kvBytes,
        WaitingSeconds = waiting * (prefill + decode),
        PeakSequences = sequences,
    };
}
