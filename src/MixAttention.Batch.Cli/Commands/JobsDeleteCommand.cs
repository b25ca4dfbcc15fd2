using System.CommandLine;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch jobs delete</c>: removes jobs and what they hold.</summary>
internal sealed class JobsDeleteCommand
{
    private readonly CliHost _host;
    private readonly StoreFlag _store = new();
    private readonly Argument<string[]> _jobs = new("JOB") { Description = "The jobs' ids.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<TimeSpan?> _olderThan = Parsing.Span("--older-than", "Instead of JOB: all jobs that ended so long ago, such as 7d.");
    private readonly Option<bool> _keepOutputs = new("--keep-outputs") { Description = "Keep output.jsonl and errors.jsonl: results can still be read, but nothing can run again." };
    private readonly Option<bool> _force = new("--force") { Description = "Delete jobs that have not ended, too." };

    private JobsDeleteCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var delete = new JobsDeleteCommand(host);
        var command = new CheckedCommand("delete", "Delete jobs: inputs, checkpoints, results and traces.") { delete._jobs, delete._olderThan, delete._keepOutputs, delete._force };
        delete._store.AddTo(command);
        command.Checks.Add(result => (result.GetResult(delete._jobs) is { Tokens.Count: > 0 }) == CheckedCommand.IsGiven(result, delete._olderThan) ? "Name jobs, or give --older-than; one of the two." : null);
        command.SetAction(delete.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var folder = _store.ReadExisting(result, _host);
        var store = folder.OpenStore(_host);
        await using var queue = folder.OpenQueue(_host);
        var jobs = result.GetValue(_olderThan) is { } age
            ? await ListEndedAsync(store, _host.Time.GetUtcNow() - age, cancellationToken)
            : await ListNamedAsync(result, store, folder, cancellationToken);
        foreach (string jobId in jobs)
            await new JobDeletion(store, queue).DeleteAsync(jobId, result.GetValue(_keepOutputs), cancellationToken);
        _host.Output.WriteLine($"Deleted {Quantity.Of(jobs.Count, "job")}{(result.GetValue(_keepOutputs) ? " but for their outputs" : "")}.");
        return ExitCodes.Fine;
    }

    /// <summary>Takes the jobs that were named, all or none.</summary>
    private async Task<List<string>> ListNamedAsync(ParseResult result, IArtifactStore store, JobPlace folder, CancellationToken cancellationToken)
    {
        var jobs = new List<string>();
        foreach (string jobId in result.GetValue(_jobs)!.Distinct()) // it has a default
        {
            var manifest = await JobArgument.FindAsync(jobId, store, folder, cancellationToken);
            if (!result.GetValue(_force) && !(await new JobStatusReader(store, queue: null).ReadAsync(manifest, cancellationToken)).IsFinal)
                throw BatchException.Usage($"Job {jobId} has not ended. Cancel it first, or delete it with --force. Nothing was deleted.");
            jobs.Add(jobId);
        }

        return jobs;
    }

    private static async Task<List<string>> ListEndedAsync(IArtifactStore store, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var jobs = new List<string>();
        await foreach (string jobId in JobCatalog.ListAsync(store, cancellationToken))
        {
            var marker = await CommittedMarker.ReadAsync(store, new JobArtifacts(jobId), cancellationToken);
            if (marker?.CompletedAt <= before && await IsFinalAsync(store, jobId, cancellationToken))
                jobs.Add(jobId);
        }

        return jobs;
    }

    /// <summary>Tells whether a job that has ended once does not run again.</summary>
    private static async Task<bool> IsFinalAsync(IArtifactStore store, string jobId, CancellationToken cancellationToken) =>
        await JobManifest.ReadAsync(store, new JobArtifacts(jobId), cancellationToken) is { } manifest && (await new JobStatusReader(store, queue: null).ReadAsync(manifest, cancellationToken)).IsFinal;
}
