using System.CommandLine;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The argument that names a job, and the option that names its folder; a folder's only job needs no name.</summary>
internal sealed class JobArgument
{
    private readonly Argument<string?> _job = new("JOB") { Description = "The job's id; may be left out where there is one job only.", Arity = ArgumentArity.ZeroOrOne };

    private readonly StoreFlag _store = new();

    public void AddTo(Command command)
    {
        command.Add(_job);
        _store.AddTo(command);
    }

    /// <summary>Opens the store and reads the manifest of the job.</summary>
    /// <exception cref="BatchException">There is no such folder or job, or the job must be named.</exception>
    public async Task<NamedJob> OpenAsync(ParseResult result, CliHost host, CancellationToken cancellationToken)
    {
        var folder = _store.ReadExisting(result, host);
        var store = folder.OpenStore(host);
        var manifest = result.GetValue(_job) is { } jobId ? await FindAsync(jobId, store, folder, cancellationToken) : await FindOnlyAsync(store, folder, cancellationToken);
        return new NamedJob(folder, store, manifest);
    }

    /// <summary>Reads the manifest of a job.</summary>
    /// <exception cref="BatchException">There is no such job.</exception>
    public static async Task<JobManifest> FindAsync(string jobId, IArtifactStore store, JobPlace folder, CancellationToken cancellationToken) =>
        (ArtifactName.IsValidSegment(jobId) ? await JobManifest.ReadAsync(store, new JobArtifacts(jobId), cancellationToken) : null)
            ?? throw BatchException.Usage($"There is no job {jobId} in {folder.Path}. See mixbatch jobs list.");

    /// <summary>Reads the manifest of the only job.</summary>
    /// <exception cref="BatchException">There is none, or there are several.</exception>
    public static async Task<JobManifest> FindOnlyAsync(IArtifactStore store, JobPlace folder, CancellationToken cancellationToken)
    {
        string? found = null;
        await foreach (string jobId in JobCatalog.ListAsync(store, cancellationToken))
        {
            if (found is not null)
                throw BatchException.Usage($"{folder.Path} holds several jobs. Name one of them; see mixbatch jobs list.");
            found = jobId;
        }

        return found is null ? throw BatchException.Usage($"{folder.Path} holds no job. Submit one with mixbatch submit.") : await FindAsync(found, store, folder, cancellationToken);
    }
}

/// <summary>The job that a command line names, and where it lies.</summary>
internal sealed record NamedJob(JobPlace Folder, IArtifactStore Store, JobManifest Manifest);
