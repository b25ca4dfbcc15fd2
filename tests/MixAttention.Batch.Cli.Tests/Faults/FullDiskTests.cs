using MixAttention.Batch.Cli.Tests.Support;

namespace MixAttention.Batch.Cli.Tests.Faults;

/// <summary>A worker whose disk is full says so and loses nothing; when there is room again, the next one goes on.</summary>
[Collection("processes")]
public sealed class FullDiskTests : IDisposable
{
    private readonly JobCommands _jobs = new();

    public void Dispose() => _jobs.Dispose();

    [Theory]
    [InlineData(4096)]
    [InlineData(65536)]
    [InlineData(131072)]
    public async Task Worker_on_a_full_disk_loses_nothing_fault_20(int freeBytes)
    {
        FaultFixture.WriteDocuments(_jobs, FaultFixture.TwoShards);
        using var calm = new FaultFixture();
        Directory.CreateDirectory(_jobs.Store);
        using var process = TestProcess.StartOnSmallDisk(_jobs.Store, kilobytes: 4096, ["full-disk", _jobs.Store, _jobs.Docs, $"{freeBytes}"]);
        Assert.SkipWhen(process is null, "This user may not mount a file system of its own.");
        var (exitCode, output, errors) = await process.WaitForEndAsync();

        Assert.True(exitCode == 0, errors);
        Assert.True(errors.Contains("No space", StringComparison.OrdinalIgnoreCase) || errors.Contains("disk I/O error", StringComparison.Ordinal), errors);
        Assert.Equal(await calm.CalmOutputAsync(), output.TrimEnd('\n') + "\n");
    }
}
