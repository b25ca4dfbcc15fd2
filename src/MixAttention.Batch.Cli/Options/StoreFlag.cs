using System.CommandLine;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Output;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The option that names a folder of jobs: --store, else MIXBATCH_STORE.</summary>
internal sealed class StoreFlag
{
    private const string Variable = "MIXBATCH_STORE";

    private readonly Option<string?> _store = new("--store") { Description = $"Folder of the jobs' store and queue; {Variable} unless given. A run's is OUT/.mixbatch.", HelpName = "DIR" };

    public void AddTo(Command command) => command.Add(_store);

    /// <summary>Gets the folder, which need not exist yet.</summary>
    /// <exception cref="BatchException">Nobody has named one.</exception>
    public JobFolder Read(ParseResult result, CliHost host) =>
        (result.GetValue(_store) ?? host.ReadVariable(Variable)) is { Length: > 0 } folder
            ? new JobFolder(folder)
            : throw BatchException.Usage($"There is no --store. Name the folder of the jobs' store and queue, or set {Variable}.");

    /// <summary>Gets a folder that holds jobs.</summary>
    /// <exception cref="BatchException">It does not.</exception>
    public JobFolder ReadExisting(ParseResult result, CliHost host)
    {
        var folder = Read(result, host);
        return Directory.Exists(folder.Store)
            ? folder
            : throw BatchException.Usage($"{folder.Path} holds no jobs. Name the --store of submit, or OUT/{StateFolder.Name} of a run.");
    }

    /// <summary>Opens the queue of a folder for a command that takes nothing from it.</summary>
    public static IJobQueue OpenQueue(JobFolder folder, CliHost host) => host.OpenQueue(folder.Queue, TimeSpan.FromMinutes(1), host.Time);
}
