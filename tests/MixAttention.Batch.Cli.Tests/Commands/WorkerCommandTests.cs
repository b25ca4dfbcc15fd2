using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Tests.Support;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Cli.Tests.Commands;

public sealed class WorkerCommandTests : IDisposable
{
    private readonly JobCommands _jobs = new();

    public WorkerCommandTests() => _jobs.WriteDocuments(3);

    public void Dispose() => _jobs.Dispose();

    [Fact]
    public async Task Worker_says_what_it_did()
    {
        string job = await _jobs.SubmitAsync();
        Assert.Equal(ExitCodes.Fine, await _jobs.WorkAsync());
        Assert.Matches("^Committed 1 shard in .*: 3 requests run here, 0 of them because a former owner was stopped while they ran, 0 found finished in checkpoints; 0 failed.$", _jobs.Cli.Output.Trim());
        Assert.Contains($"{job}:0:0: committed 3 requests, 0 of them failed.", _jobs.Cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_that_finds_nothing_ends_without_loading_the_model_fault_30()
    {
        Assert.Equal(ExitCodes.Fine, await _jobs.Cli.RunAsync((_, _) => throw new InvalidOperationException("Loaded."), "worker", "--store", _jobs.Store, "--model", ModelFlag.DemoModel, "--idle-seconds", "0"));
        Assert.Contains("Committed 0 shards", _jobs.Cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_takes_jobs_of_its_model_alone()
    {
        await _jobs.SubmitAsync();
        Assert.Equal(ExitCodes.Fine, await _jobs.WorkAsync("--served-model-name", "other"));
        Assert.Contains("asks for the model model, and this worker serves other. Start a worker with --served-model-name model.", _jobs.Cli.Error, StringComparison.Ordinal);
        Assert.Contains("Committed 0 shards", _jobs.Cli.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_that_is_told_to_stop_gives_back_and_the_next_one_goes_on()
    {
        await _jobs.SubmitAsync("--max-tokens", "20000", "--logit-bias", "0=-100");
        int steps = 0;
        _jobs.Cli.BeforeStep = _ =>
        {
            if (++steps > 4)
                _jobs.Cli.Interrupt();
        };
        Assert.Equal(ExitCodes.Fine, await _jobs.WorkAsync("--memory", "20MiB", "--drain-seconds", "0"));
        Assert.Contains("Committed 0 shards", _jobs.Cli.Output, StringComparison.Ordinal);

        await using var queue = new SqliteJobQueue(new JobFolder(_jobs.Store).Queue, TimeSpan.FromMinutes(1), TimeProvider.System);
        var delivery = await queue.ReceiveAsync(TimeSpan.Zero, TestContext.Current.CancellationToken);
        Assert.Equal((2, 0), (delivery!.DeliveryCount, delivery.FailureCount));
    }

    [Fact]
    public async Task Damaged_model_is_refused_before_anything_is_taken_fault_45()
    {
        await _jobs.SubmitAsync();
        Assert.Equal(ExitCodes.JobFailed, await _jobs.WorkAsync("--model", _jobs.Cli.CopyTruncatedModel("broken")));
        Assert.Contains("model.safetensors", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_whose_engine_dies_fails_and_says_so_fault_23()
    {
        await _jobs.SubmitAsync();
        _jobs.Cli.BeforeStep = _ => throw new InvalidOperationException("The device fell off the bus.");
        Assert.Equal(ExitCodes.JobFailed, await _jobs.WorkAsync());
        Assert.Contains("The device fell off the bus. What has finished is kept", _jobs.Cli.ErrorLine, StringComparison.Ordinal);
    }
}
