using System.CommandLine;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch jobs list</c>: a line for each job.</summary>
internal sealed class JobsListCommand
{
    private readonly CliHost _host;
    private readonly StoreFlag _store = new();
    private readonly Option<bool> _json = new("--json") { Description = "Print OpenAI's batch objects, one a line." };

    private JobsListCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var list = new JobsListCommand(host);
        var command = new Command("list", "List all jobs.") { list._json };
        list._store.AddTo(command);
        command.SetAction(list.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var folder = _store.ReadExisting(result, _host);
        var store = folder.OpenStore(_host);
        var reader = new JobStatusReader(store, queue: null);
        var jobs = new List<JobStatus>();
        await foreach (string jobId in JobCatalog.ListAsync(store, cancellationToken))
        {
            try
            {
                if (await JobManifest.ReadAsync(store, new JobArtifacts(jobId), cancellationToken) is { } manifest)
                    jobs.Add(await reader.ReadAsync(manifest, cancellationToken));
            }
            catch (ContractException e)
            {
                _host.Error.WriteLine($"mixbatch: {e.Message}"); // The others are listed all the same.
            }
        }

        if (!result.GetValue(_json))
            StatusTables.Print(_host, jobs);
        foreach (var job in result.GetValue(_json) ? jobs : [])
            _host.Output.WriteLine(job.ToJson());
        return ExitCodes.Fine;
    }
}
