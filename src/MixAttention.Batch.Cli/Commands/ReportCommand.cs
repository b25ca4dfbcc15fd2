using System.CommandLine;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Output;
using MixAttention.Batch.Reporting;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch report</c>: a page that shows where a job's time went.</summary>
internal sealed class ReportCommand
{
    private readonly CliHost _host;
    private readonly Argument<string?> _subject = new("OUT or JOB") { Description = "The output folder of a run, finished or not; or a job of --store, which needs no name where it is the only one.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _output = new("--output", "-o") { Description = "The file to write; OUT/report.html unless given, or report.html here.", HelpName = "FILE" };
    private readonly StoreFlag _store = new();

    private ReportCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var report = new ReportCommand(host);
        var command = new Command("report", "Write report.html: where a job's time went, how full memory was, what failed.") { report._subject, report._output };
        report._store.AddTo(command);
        command.SetAction(report.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        string? subject = result.GetValue(_subject);
        bool isRun = subject is not null && StateFolder.Exists(subject);
        if (!isRun && Directory.Exists(subject))
            throw BatchException.Usage($"{subject} is not the output folder of a run: it holds no {StateFolder.Name}. Name the OUT of mixbatch run, or a job with --store.");
        var folder = isRun ? JobPlace.OfFolder(Path.Combine(subject!, StateFolder.Name)) : _store.ReadExisting(result, _host); // A run has a folder.
        var store = folder.OpenStore(_host);
        var manifest = isRun || subject is null
            ? await JobArgument.FindOnlyAsync(store, folder, cancellationToken)
            : await JobArgument.FindAsync(subject, store, folder, cancellationToken);

        string path = result.GetValue(_output) ?? (isRun ? Path.Combine(subject!, OutputFolder.Report) : OutputFolder.Report); // As above.
        OutputFolder.WriteReport(path, await JobPage.WriteAsync(store, manifest, cancellationToken));
        _host.Output.WriteLine($"The report is {path}.");
        return ExitCodes.Fine;
    }
}
