namespace MixAttention.Batch.Cli.Tests.Faults;

/// <summary>A process whose engine hangs says which requests it had and ends, so that others get its work.</summary>
[Collection("processes")]
public sealed class HangTests : IDisposable
{
    private readonly FaultFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Worker_whose_engine_hangs_ends_and_loses_nothing_fault_24(int step)
    {
        await _fixture.SubmitAsync();
        using (var process = _fixture.Start(FaultyMixBatch.HangAtStep, $"{step}", "--hang-seconds", "2").Process)
        {
            var (exitCode, _, errors) = await process.WaitForEndAsync();
            Assert.Equal(ExitCodes.Hung, exitCode);
            Assert.Matches(@"mixbatch: The engine has made no step for 2 s while it had \d+ requests \(doc-\d+\.txt, ", errors);
            Assert.Contains("allow more time with --hang-seconds", errors, StringComparison.Ordinal);
        }

        await _fixture.FinishAsync();
    }
}
