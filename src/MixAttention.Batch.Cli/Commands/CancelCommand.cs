using System.CommandLine;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch cancel</c>: ends a job; what has finished is kept.</summary>
internal sealed class CancelCommand
{
    private readonly CliHost _host;
    private readonly JobArgument _job = new();

    private CancelCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var cancel = new CancelCommand(host);
        var command = new Command("cancel", "Run no more of a job's requests; those that have finished are kept.");
        cancel._job.AddTo(command);
        command.SetAction(cancel.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var (_, store, manifest) = await _job.OpenAsync(result, _host, cancellationToken);
        var status = await new JobStatusReader(store, queue: null).ReadAsync(manifest, cancellationToken);
        if (status.IsFinal)
        {
            _host.Output.WriteLine($"Job {manifest.JobId} has ended already.");
            return ExitCodes.Fine;
        }

        var artifacts = new JobArtifacts(manifest.JobId);
        var plan = await JobPlan.ReadAsync(store, manifest, cancellationToken);
        await new JobControl(plan.Run, EndReason.Cancelled).WriteAsync(store, artifacts, cancellationToken);
        _host.Output.WriteLine($"Job {manifest.JobId} will be cancelled: its workers finish what runs and give the other requests lines that say so.");
        return ExitCodes.Fine;
    }
}
