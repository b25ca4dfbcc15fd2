using System.CommandLine;
using System.CommandLine.Help;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch model</c>: looks at models and makes random ones.</summary>
internal static class ModelCommand
{
    public static Command Create(CliHost host)
    {
        var command = new Command("model", "Look at a model, or make a random one.") { ModelInspectCommand.Create(host), ModelInitCommand.Create(host) };
        command.SetAction(new HelpAction().Invoke);
        return command;
    }
}
