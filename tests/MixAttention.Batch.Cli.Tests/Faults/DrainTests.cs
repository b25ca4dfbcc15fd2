namespace MixAttention.Batch.Cli.Tests.Faults;

/// <summary>Tells processes of <c>mixbatch worker</c> to stop, with SIGTERM, in each phase of their work.</summary>
[Collection("processes")]
public sealed class DrainTests : IDisposable
{
    private readonly FaultFixture _fixture = new(FaultFixture.OneShard);

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("Receive#1")]
    [InlineData("PutIfAbsent numerics.json#1")]
    [InlineData("PutIfAbsent checkpoints/#2")]
    [InlineData("PutIfAbsent outputs/part-#1")]
    [InlineData("PutIfAbsent output.jsonl#1")]
    [InlineData("Complete#1")]
    public async Task Worker_that_is_told_to_stop_gives_the_rest_to_the_next_one_fault_25(string phase)
    {
        using var worker = await TellToStopAsync(phase);
        worker.Go();
        var (exitCode, output, errors) = await worker.WaitForEndAsync();
        Assert.True(exitCode == ExitCodes.Fine, errors);
        Assert.Contains("mixbatch: stopping", errors, StringComparison.Ordinal);
        Assert.Contains("Committed", output, StringComparison.Ordinal);
        await _fixture.FinishAsync();
    }

    [Theory]
    [InlineData("PutIfAbsent checkpoints/#2")]
    [InlineData("PutIfAbsent outputs/part-#1")]
    public async Task Worker_that_is_killed_while_it_stops_leaves_as_much_as_one_that_was_just_killed_fault_26(string phase)
    {
        using var worker = await TellToStopAsync(phase);
        worker.Kill();
        await _fixture.FinishAsync();
    }

    [Theory]
    [InlineData("PutIfAbsent checkpoints/#2")]
    [InlineData("PutIfAbsent outputs/part-#1")]
    public async Task Worker_that_is_told_twice_ends_at_once_fault_27(string phase)
    {
        using var worker = await TellToStopAsync(phase);
        worker.Terminate();
        Assert.Equal(ExitCodes.Interrupted, (await worker.WaitForEndAsync()).ExitCode);
        await _fixture.FinishAsync();
    }

    /// <summary>Starts a worker, tells it to stop when it comes to a phase, and waits until it has heard that.</summary>
    private async Task<TestProcess> TellToStopAsync(string phase)
    {
        await _fixture.SubmitAsync();
        var worker = _fixture.Start(FaultyMixBatch.HoldBefore, phase).Process;
        Assert.Equal("reached", await worker.ReadLineAsync());
        worker.Terminate();
        await worker.ReadErrorsToAsync("mixbatch: stopping");
        return worker;
    }
}
