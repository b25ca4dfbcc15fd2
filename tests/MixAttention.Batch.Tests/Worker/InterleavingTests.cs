using MixAttention.Batch.Tests.Support.Stepping;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>Real workers on one store, in every order of their calls, each dying or stopped at any of them: who owns a shard, who commits it and who finishes the job.</summary>
public sealed class InterleavingTests
{
    [Fact]
    public async Task Two_workers_on_one_shard_in_any_order_fault_6_15()
    {
        using var scenario = await Scenario.SubmitAsync(Scenario.Owning, shards: 1, documentsPerShard: 2, workers: 2);
        await RunAsync(new Interleavings(scenario));
    }

    [Fact]
    public async Task Two_workers_on_requests_that_run_alone_in_any_order_fault_6_15()
    {
        using var scenario = await Scenario.SubmitAsync(Scenario.Owning, shards: 1, documentsPerShard: 2, workers: 2);
        await scenario.LetOwnersDieAsync(2);
        await RunAsync(new Interleavings(scenario));
    }

    [Fact]
    public async Task Three_workers_on_one_shard_with_few_changes_fault_6_15()
    {
        using var scenario = await Scenario.SubmitAsync(Scenario.Owning, shards: 1, documentsPerShard: 1, workers: 3);
        await RunAsync(new Interleavings(scenario) { MaxPreemptions = 1 });
    }

    [Fact]
    public async Task Two_workers_on_a_shard_whose_committer_died_in_any_order_fault_4()
    {
        using var scenario = await Scenario.SubmitAsync(Scenario.Owning, shards: 1, documentsPerShard: 2, workers: 2);
        await scenario.LetCommitterDieAsync();
        await RunAsync(new Interleavings(scenario));
    }

    [Fact]
    public async Task Two_workers_that_finish_a_job_with_few_changes_fault_4()
    {
        using var scenario = await Scenario.SubmitAsync(Scenario.Finishing, shards: 1, documentsPerShard: 1, workers: 2);
        await scenario.LetCommitterDieAsync();
        await RunAsync(new Interleavings(scenario) { MaxPreemptions = 2 });
    }

    [Fact]
    public async Task Two_workers_that_commit_the_last_shards_of_a_job_with_few_changes_fault_6_15()
    {
        using var scenario = await Scenario.SubmitAsync(Scenario.Finishing, shards: 2, documentsPerShard: 1, workers: 2);
        await RunAsync(new Interleavings(scenario) { MaxPreemptions = 2 });
    }

    private static async Task RunAsync(Interleavings interleavings)
    {
        int states = await interleavings.RunAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{states} states in {interleavings.Runs} runs");
        Assert.True(states > 50, $"{states} states are too few.");
    }
}
