using System.CommandLine;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The option that says how long running requests may go on after the first Ctrl-C or SIGTERM.</summary>
internal sealed class DrainFlag
{
    private readonly Option<int> _seconds = Parsing.Integer("--drain-seconds", "How long running requests may go on after Ctrl-C or SIGTERM.", 25, 0, 86400);

    public void AddTo(Command command) => command.Add(_seconds);

    public TimeSpan Read(ParseResult result) => TimeSpan.FromSeconds(result.GetValue(_seconds));

    /// <summary>Says when the interruption comes how long it may take.</summary>
    /// <returns>The caller disposes it when there is nothing left to interrupt.</returns>
    public CancellationTokenRegistration Announce(ParseResult result, CliHost host, CancellationToken interrupted) => interrupted.Register(
        () => host.Error.WriteLine($"mixbatch: Running requests may finish for up to {result.GetValue(_seconds)} s (--drain-seconds); what has finished is kept."));
}
