using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Deletes jobs.</summary>
/// <param name="store">The store.</param>
/// <param name="queue">The queue.</param>
public sealed class JobDeletion(IArtifactStore store, IJobQueue queue)
{
    /// <summary>Deletes what a store holds of a job, and its messages that wait for a person.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="keepsOutputs">Whether manifest, outputs, report and marker stay: enough to read the results.</param>
    /// <param name="cancellationToken">Ends the work; deleting again does the rest.</param>
    /// <exception cref="BatchException">Something was written meanwhile.</exception>
    public async Task DeleteAsync(string jobId, bool keepsOutputs, CancellationToken cancellationToken)
    {
        var artifacts = new JobArtifacts(jobId);
        string[] kept = keepsOutputs ? [artifacts.Manifest, artifacts.Output, artifacts.Errors, artifacts.Report, artifacts.Committed] : [];

        // The manifest goes last, so that a job that is deleted in part is listed and can be deleted again.
        await DeleteAllAsync(artifacts, name => name != artifacts.Manifest && !kept.Contains(name), cancellationToken).ConfigureAwait(false);
        await DeleteAllAsync(artifacts, name => !kept.Contains(name), cancellationToken).ConfigureAwait(false);
        await foreach (var left in store.ListAsync(artifacts.Root, cancellationToken).ConfigureAwait(false))
        {
            if (!kept.Contains(left.Name))
                throw BatchException.Job($"Job {jobId} is still being written: {left.Name} has come while it was deleted. Cancel the job, wait for its workers, and delete it again.");
        }

        await foreach (var aside in queue.ListAsideAsync(cancellationToken).ConfigureAwait(false))
        {
            if (aside.Message?.JobId == jobId)
                await queue.DropAsync(aside, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task DeleteAllAsync(JobArtifacts artifacts, Func<string, bool> isMeant, CancellationToken cancellationToken)
    {
        await foreach (var artifact in store.ListAsync(artifacts.Root, cancellationToken).ConfigureAwait(false))
        {
            if (isMeant(artifact.Name))
                await store.DeleteAsync(artifact.Name, cancellationToken).ConfigureAwait(false);
        }
    }
}
