using System.CommandLine;
using MixAttention.Batch.Cli.Diagnosis;
using MixAttention.Batch.Cli.Options;
using Spectre.Console;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch doctor</c>: checks what a run needs and says what to do about what is missing.</summary>
internal sealed class DoctorCommand
{
    private readonly CliHost _host;
    private readonly EngineFlags _engine = new();

    private DoctorCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var doctor = new DoctorCommand(host);
        var command = new Command("doctor", "Check model, device, libtorch and memory, and say what to do.");
        doctor._engine.AddTo(command);
        command.SetAction(doctor.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var grid = new Grid().AddColumn(new GridColumn { NoWrap = true }).AddColumn(new GridColumn { NoWrap = true }).AddColumn();
        int failures = 0;
        await foreach (var finding in new Doctor(_host, _engine, result).ExamineAsync(cancellationToken))
        {
            failures += finding.IsFine ? 0 : 1;
            grid.AddRow(new Text(finding.IsFine ? "ok" : "FAILED", new Style(finding.IsFine ? Color.Green : Color.Red)), new Text(finding.Subject), new Text(finding.Message));
        }

        _host.Write(grid);
        return failures == 0 ? ExitCodes.Fine : ExitCodes.JobFailed;
    }
}
