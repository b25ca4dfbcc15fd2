using System.CommandLine;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Output;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch results</c>: a job's results as files.</summary>
internal sealed class ResultsCommand
{
    private readonly CliHost _host;
    private readonly JobArgument _job = new();
    private readonly Option<string> _output = new("--output", "-o") { Description = "Folder of the results: output.jsonl, errors.jsonl and texts/.", HelpName = "OUT", Required = true };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Replace the results of a former run or job in OUT; other files there stay." };
    private readonly Option<bool> _partial = new("--partial") { Description = "Take what has finished of a job that goes on." };

    private ResultsCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var results = new ResultsCommand(host);
        var command = new Command("results", "Write a job's results into a folder.") { results._output, results._overwrite, results._partial };
        results._job.AddTo(command);
        command.SetAction(results.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        string output = result.GetRequiredValue(_output);
        bool overwrite = result.GetValue(_overwrite);
        var (_, store, manifest) = await _job.OpenAsync(result, _host, cancellationToken);
        OutputFolder.Check(output, overwrite);
        var status = await new JobStatusReader(store, queue: null).ReadAsync(manifest, cancellationToken);
        if (!status.IsFinal && !result.GetValue(_partial))
            throw BatchException.Usage($"Job {manifest.JobId} is not finished: {Quantity.Of(status.RequestCounts.Completed + status.RequestCounts.Failed)} of {Quantity.Of(status.RequestCounts.Total, "request")} are. Wait, or take those with --partial.");

        var artifacts = new JobArtifacts(manifest.JobId);
        var lines = status.IsFinal
            ? new CommittedResults(store, artifacts).ReadAsync(cancellationToken)
            : new JobResults(store, artifacts, await JobPlan.ReadAsync(store, manifest, cancellationToken)).ReadAsync(withUnfinished: true, cancellationToken);
        if (overwrite)
            OutputFolder.RemoveFormerRun(output);
        var collected = await CollectedResults.WriteAsync(lines, output, cancellationToken);
        foreach (string line in new FailureLines().TakeLast(collected.FirstFailures, collected.Failed, output))
            _host.Error.WriteLine(line);
        _host.Output.WriteLine($"{Quantity.Of(collected.Succeeded)} of {Quantity.Of(status.RequestCounts.Total, "request")} succeeded{(status.IsFinal ? "" : " so far")}, {Quantity.Of(collected.Failed)} failed. Results are in {output}.");
        return collected.Failed > 0 ? ExitCodes.SomeFailed : ExitCodes.Fine;
    }
}
