using MixAttention.Batch.Azure.Tests.Broker;
using Xunit.Runner.InProc.SystemConsole;

namespace MixAttention.Batch.Azure.Tests.Support;

/// <summary>Runs the tests, or is a broker for the tests of other programs.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        ["broker", .. var rest] => BrokerProcess.RunAsync(rest),
        _ => ConsoleRunner.Run(args),
    };
}
