using MixAttention.Batch.Tests.Queue;
using MixAttention.Batch.Tests.Store;
using Xunit.Runner.InProc.SystemConsole;

namespace MixAttention.Batch.Tests.Support;

/// <summary>Runs the tests, or is one of the processes that tests start and kill.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        [TestProcess.Mark, "queue", .. var rest] => QueueProcess.RunAsync(rest),
        [TestProcess.Mark, "store", .. var rest] => StoreProcess.RunAsync(rest),
        _ => ConsoleRunner.Run(args),
    };
}
