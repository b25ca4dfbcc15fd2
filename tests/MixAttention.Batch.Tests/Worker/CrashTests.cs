using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>Kills a worker before and after each of its side effects. Whatever was kept is not computed again, and the results are those of an undisturbed run.</summary>
public sealed class CrashTests : IAsyncDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private const int Documents = 12;

    private readonly List<WorkerFixture> _fixtures = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var fixture in _fixtures)
            await fixture.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Crash_at_any_side_effect_loses_nothing_and_doubles_nothing(bool isAfter)
    {
        var calm = await SubmitAsync();
        var undisturbed = new CrashPoints { CrashesAfter = isAfter };
        await calm.WorkAsync(undisturbed, Options);
        string output = await calm.ReadAsync(calm.Artifacts.Output), errors = await calm.ReadAsync(calm.Artifacts.Errors);
        string[] kinds =
        [
            "Receive", "PutIfAbsent numerics", "PutIfAbsent state", "PutIfAbsent checkpoints", "PutIfAbsent outputs/part", "PutIfMatch state", "Delete checkpoints", "PutIfAbsent output.jsonl", "PutIfAbsent errors.jsonl",
            "PutIfAbsent _COMMITTED", "Complete",
        ];
        Assert.All(kinds, kind => Assert.Contains(undisturbed.Steps, s => s.StartsWith(kind, StringComparison.Ordinal)));

        for (int step = 0; step < undisturbed.Steps.Count; step++)
        {
            var fixture = await SubmitAsync();
            var points = new CrashPoints { CrashAt = step, CrashesAfter = isAfter };
            await Record.ExceptionAsync(() => fixture.WorkAsync(points, Options));
            int kept = await fixture.CountKeptAsync();
            fixture.ExpireLocks();

            long computed = await fixture.WorkUntilIdleAsync();
            string at = $"step {step} ({undisturbed.Steps[step]})";
            Assert.True(output == await fixture.ReadAsync(fixture.Artifacts.Output), at);
            Assert.True(errors == await fixture.ReadAsync(fixture.Artifacts.Errors), at);
            Assert.True(computed == Documents - kept, $"{at}: {kept} of {Documents} were kept, and {computed} were computed");
            Assert.Equal(new QueueCounts(0, 0, 0, 0), await fixture.Queue.CountAsync(Stop));
            await DisposeAsync(fixture);
        }
    }

    // A long period: what is in the checkpoint then depends on side effects alone.
    private static WorkerOptions Options => new() { CheckpointPeriod = TimeSpan.FromHours(1) };

    private async Task<WorkerFixture> SubmitAsync()
    {
        var fixture = new WorkerFixture { DocumentsPerShard = 4 };
        _fixtures.Add(fixture);
        fixture.WriteDocuments(Documents);
        await fixture.SubmitAsync();
        return fixture;
    }

    private async Task DisposeAsync(WorkerFixture fixture)
    {
        _fixtures.Remove(fixture);
        await fixture.DisposeAsync();
    }
}
