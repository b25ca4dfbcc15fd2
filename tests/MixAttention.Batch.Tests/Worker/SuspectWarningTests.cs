using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Worker;
using MixAttention.Engine.Sampling;
using MixAttention.Engine.Scheduling;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>Requests that were running when a worker died: few at a time after one death, alone after two.</summary>
public sealed class SuspectWarningTests : IAsyncDisposable
{
    private readonly WorkerFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Second_crash_leaves_few_suspects_however_many_were_running_in_the_first()
    {
        const int Documents = 24;
        for (int i = 0; i < Documents; i++)
            _fixture.Job.Folder.Write($"docs/{i:00}.txt", $"w{i} w1");
        (_fixture.DocumentsPerShard, _fixture.Job.MaxSequences, _fixture.Job.ArenaTokens, _fixture.Job.Sampling) = (Documents, Documents, 8000, new SamplingParams { MaxTokens = 60, IgnoreEndTokens = true });
        await _fixture.SubmitAsync();
        int most = 0;
        await DieAsync(running: Documents);
        await DieAsync(running: 8);
        Assert.Equal(8, most);

        _fixture.Job.BeforeStep = plan => most = Math.Max(most, Running(plan));
        Assert.Equal(Documents, await _fixture.WorkAsync());
        Assert.Equal(8, most);
        var suspects = (await _fixture.ReadStateAsync(0))!.Suspects;
        Assert.Equal((Documents, 8), (suspects.Count, suspects.Count(s => s.RunsAlone)));

        // Lets an engine die as soon as so many requests are running.
        async Task DieAsync(int running)
        {
            most = 0;
            _fixture.Job.BeforeStep = plan =>
            {
                most = Math.Max(most, Running(plan));
                if (plan.Decode.Count == running)
                    throw new InvalidOperationException("The device fell off the bus.");
            };
            await Assert.ThrowsAsync<BatchException>(() => _fixture.WorkAsync());
            _fixture.ExpireLocks();
        }

        static int Running(StepPlan plan) => plan.Decode.Count + plan.Prefill.Count;
    }

    [Fact]
    public async Task Requests_that_run_alone_after_crashes_are_announced_in_one_line()
    {
        for (int i = 0; i < 3; i++)
            _fixture.Job.Folder.Write($"docs/{i}.txt", $"w{i} w1");
        await _fixture.SubmitAsync();
        var warnings = new List<string>();
        var options = new WorkerOptions { Warn = warnings.Add };
        for (int crash = 0; crash < 2; crash++)
        {
            // An engine that dies leaves its requests under suspicion, as a process that is killed does.
            _fixture.Job.BeforeStep = _ => throw new InvalidOperationException("The device fell off the bus.");
            await Assert.ThrowsAsync<BatchException>(() => _fixture.WorkAsync(options: options));
            _fixture.ExpireLocks();
        }

        Assert.Empty(warnings);
        _fixture.Job.BeforeStep = null;
        await _fixture.WorkAsync(options: options);
        Assert.Equal("3 of 3 requests of shard 0 were running in 2 or more crashes, so they run at the end, one at a time, until it is clear which one kills its worker.", Assert.Single(warnings));
    }
}
