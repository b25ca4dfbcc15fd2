using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>Kills a worker before and after each of its side effects while it summarizes a document of many calls: also a call that was kept is not made again.</summary>
public sealed class LongDocumentCrashTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private const int ShortDocuments = 6;
    private const int LongRow = ShortDocuments; // The last in input order.

    // As often as can be, so that crashes come between segments that hold calls.
    private static readonly WorkerOptions Options = new() { CheckpointPeriod = TimeSpan.FromMilliseconds(1) };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Crash_at_any_side_effect_loses_no_call_and_doubles_none(bool isAfter)
    {
        await using var calm = await SubmitAsync();
        var undisturbed = new CrashPoints { CrashesAfter = isAfter };
        long all = await calm.WorkAsync(undisturbed, Options);
        string output = await calm.ReadAsync(calm.Artifacts.Output);
        Assert.Contains("\"strategy\":\"map_reduce\"", output, StringComparison.Ordinal);

        int keptInAll = 0;
        for (int step = 0; step < undisturbed.Steps.Count; step++)
        {
            await using var fixture = await SubmitAsync();
            var points = new CrashPoints { CrashAt = step, CrashesAfter = isAfter };
            await Record.ExceptionAsync(() => fixture.WorkAsync(points, Options));
            var rows = await KeptRowsAsync(fixture);
            int keptCalls = rows.Contains(LongRow) ? 0 : await fixture.CountKeptCallsAsync(shard: 1);
            keptInAll += keptCalls;
            fixture.ExpireLocks();

            long computed = await fixture.WorkUntilIdleAsync();
            string at = $"step {step} ({points.Steps.ElementAtOrDefault(step)})";
            long longLeft = rows.Contains(LongRow) ? 0 : all - ShortDocuments - keptCalls, shortLeft = ShortDocuments - rows.Count(r => r != LongRow);
            Assert.True(output == await fixture.ReadAsync(fixture.Artifacts.Output), at);
            Assert.True(computed == longLeft + shortLeft, $"{at}: {shortLeft} short documents and {longLeft} calls were left, and {computed} were computed");
            Assert.Empty(await fixture.ReadAsync(fixture.Artifacts.Errors));
        }

        Assert.True(keptInAll > 0, "No crash came while a checkpoint held calls.");
    }

    private static async Task<WorkerFixture> SubmitAsync()
    {
        var fixture = new WorkerFixture { DocumentsPerShard = 4 };
        (fixture.Job.Task, fixture.Job.SpeaksWords) = (PromptTask.Summarize with { ContextTokens = 120 }, true);
        for (int i = 0; i < ShortDocuments; i++)
            fixture.Job.Folder.Write($"docs/doc-{i}.txt", string.Join(' ', Enumerable.Repeat($"w{i}", 5 + i)));
        fixture.Job.Folder.Write("docs/long.txt", string.Join(' ', Enumerable.Range(0, 800).Select(i => i % 20 == 19 ? "end.\n" : $"w{i % 7}")));
        await fixture.SubmitAsync();
        return fixture;
    }

    private static async Task<HashSet<int>> KeptRowsAsync(WorkerFixture fixture)
    {
        var plan = await fixture.ReadPlanAsync();
        var rows = new HashSet<int>();
        await foreach (var line in new JobResults(fixture.Store, fixture.Artifacts, plan).ReadAsync(withUnfinished: true, Stop))
            rows.Add(line.Row);
        return rows;
    }
}
