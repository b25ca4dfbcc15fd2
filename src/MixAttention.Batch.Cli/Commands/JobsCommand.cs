using System.CommandLine;
using System.CommandLine.Help;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch jobs</c>: lists and deletes jobs.</summary>
internal static class JobsCommand
{
    public static Command Create(CliHost host)
    {
        var command = new Command("jobs", "List jobs, or delete them.") { JobsListCommand.Create(host), JobsDeleteCommand.Create(host) };
        command.SetAction(new HelpAction().Invoke);
        return command;
    }
}
