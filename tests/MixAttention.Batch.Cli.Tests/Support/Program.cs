using MixAttention.Batch.Cli.Tests.Faults;
using Xunit.Runner.InProc.SystemConsole;

namespace MixAttention.Batch.Cli.Tests.Support;

/// <summary>Runs the tests, or is one of the processes that tests start and kill.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        [TestProcess.Mark, "mixbatch", .. var rest] => FaultyMixBatch.RunAsync(rest),
        [TestProcess.Mark, "full-disk", .. var rest] => FullDisk.RunAsync(rest),
        _ => ConsoleRunner.Run(args),
    };
}
