using System.CommandLine;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The option that says when an engine counts as hanging.</summary>
internal sealed class HangFlag
{
    private readonly Option<int> _seconds = Parsing.Integer("--hang-seconds", "End the process when the engine has made no step for so long while it had work; 0 waits for ever.", 600, 0, 86400);

    public void AddTo(Command command) => command.Add(_seconds);

    /// <summary>Adds the time, and what happens after it, to a worker's options.</summary>
    public WorkerOptions AddTo(WorkerOptions options, ParseResult result, CliHost host) => result.GetValue(_seconds) is > 0 and var seconds
        ? options with { HangTime = TimeSpan.FromSeconds(seconds), OnHang = message => End(host, message) }
        : options;

    private static void End(CliHost host, string message)
    {
        host.Error.WriteLine($"mixbatch: {message}");
        host.ExitAtOnce(ExitCodes.Hung);
    }
}
