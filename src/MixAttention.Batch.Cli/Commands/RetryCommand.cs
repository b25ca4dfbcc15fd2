using System.CommandLine;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch retry</c>: runs a job's failed requests again.</summary>
internal sealed class RetryCommand
{
    private readonly CliHost _host;
    private readonly JobArgument _job = new();
    private readonly Option<string[]> _codes = Parsing.Many("--code", "Take only requests that failed with this error code; may be repeated.", "CODE");

    private RetryCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var retry = new RetryCommand(host);
        var command = new Command("retry", "Run a finished job's failed requests again, and only those.") { retry._codes };
        retry._job.AddTo(command);
        command.SetAction(retry.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var (folder, store, manifest) = await _job.OpenAsync(result, _host, cancellationToken);
        await using var queue = folder.OpenQueue(_host);
        int rows = await new JobRetry(store, queue).SubmitAsync(manifest, result.GetValue(_codes)!, cancellationToken); // it has a default
        _host.Output.WriteLine(rows == 0
            ? $"No request of job {manifest.JobId} failed so."
            : $"{Quantity.Of(rows, "failed request")} of job {manifest.JobId} will run again: in workers, or in mixbatch run with the same command as before.");
        return ExitCodes.Fine;
    }
}
