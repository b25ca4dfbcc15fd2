using System.CommandLine;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch status</c>: where a job is.</summary>
internal sealed class StatusCommand
{
    private readonly CliHost _host;
    private readonly JobArgument _job = new();
    private readonly Option<bool> _json = new("--json") { Description = "Print OpenAI's batch object." };

    private StatusCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var status = new StatusCommand(host);
        var command = new Command("status", "Show where a job is.") { status._json };
        status._job.AddTo(command);
        command.SetAction(status.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var (folder, store, manifest) = await _job.OpenAsync(result, _host, cancellationToken);
        await using var queue = folder.OpenQueue(_host);
        var status = await new JobStatusReader(store, queue).ReadAsync(manifest, cancellationToken);
        if (result.GetValue(_json))
            _host.Output.WriteLine(status.ToJson());
        else
            StatusTables.Print(_host, status);
        return ExitCodes.Fine;
    }
}
