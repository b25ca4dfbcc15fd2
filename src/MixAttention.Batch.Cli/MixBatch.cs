using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using MixAttention.Batch.Cli.Commands;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;
using MixAttention.Compute;
using MixAttention.Engine;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;
using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Cli;

/// <summary>The command line: parses, runs a command, and turns every failure into one line and an exit code.</summary>
internal static class MixBatch
{
    /// <summary>Runs a command line.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args, CliHost host, CancellationToken cancellationToken)
    {
        try
        {
            var result = Create(host).Parse(args);
            if (Problems(result) is { Count: > 0 } problems)
                throw BatchException.Usage($"{string.Join(" ", problems)} See {HelpOf(result.CommandResult)}.");
            var configuration = new InvocationConfiguration { Output = host.Output, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await result.InvokeAsync(configuration, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            host.Error.WriteLine("mixbatch: Interrupted before there was anything to keep. Run the same command again.");
            return ExitCodes.Interrupted;
        }
#pragma warning disable CA1031 // The process's edge: whatever happened ends in one line.
        catch (Exception e)
#pragma warning restore CA1031
        {
            host.Error.WriteLine($"mixbatch: {Describe(e)}");
            foreach (string detail in e is BatchException { Details: var details } ? details : [])
                host.Error.WriteLine($"  {Printable.Of(detail)}");
            return e is BatchException { Kind: FailureKind.Usage } or LayoutException ? ExitCodes.Usage : ExitCodes.JobFailed;
        }
    }

    /// <summary>Lists everything that is wrong with a command line; nothing when it asks for help or the version.</summary>
    private static List<string> Problems(ParseResult result)
    {
        if (result.Action is { ClearsParseErrors: true })
            return [];
        var checks = result.CommandResult.Command is CheckedCommand command ? command.Checks.Select(check => check(result)).OfType<string>() : [];
        var hints = result.UnmatchedTokens.Select(word => Spelling.Hint(word, result.CommandResult.Command)).OfType<string>();
        return [.. result.Errors.Select(e => OneLine(e.Message)), .. hints, .. checks];
    }

    private static string HelpOf(CommandResult result)
    {
        string path = result.Command.Name;
        for (var parent = result.Parent as CommandResult; parent?.Parent is not null; parent = parent.Parent as CommandResult)
            path = $"{parent.Command.Name} {path}";
        return result.Parent is null ? "mixbatch --help" : $"mixbatch {path} --help";
    }

    private static RootCommand Create(CliHost host)
    {
        var root = new RootCommand("Runs language models with sliding-window attention and shared KV caches over many long documents.")
        {
            RunCommand.Create(host),
            SubmitCommand.Create(host),
            WorkerCommand.Create(host),
            StatusCommand.Create(host),
            ResultsCommand.Create(host),
            CancelCommand.Create(host),
            RetryCommand.Create(host),
            JobsCommand.Create(host),
            PlanCommand.Create(host),
            ModelCommand.Create(host),
            BenchCommand.Create(host),
            EvalCommand.Create(host),
            ReportCommand.Create(host),
            DoctorCommand.Create(host),
        };
        root.SetAction(new HelpAction().Invoke);
        return root;
    }

    /// <summary>Gives a foreseen failure's own line; an unforeseen one is a defect and keeps its stack.</summary>
    private static string Describe(Exception e) => e switch
    {
        BatchException or CheckpointException or ConfigException or LayoutException or TokenizerException or ChatTemplateException or ComputeException or EngineException or ContractException or StoreException or QueueException => OneLine(e.Message),
        IOException or UnauthorizedAccessException => $"{OneLine(e.Message)} Check the path and its permissions.",
        _ => $"unexpected failure; please report it with what follows. {e}",
    };

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
