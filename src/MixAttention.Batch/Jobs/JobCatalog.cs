using System.Runtime.CompilerServices;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Finds the jobs of a store.</summary>
public static class JobCatalog
{
    /// <summary>Lists the ids of all jobs, in order of their names.</summary>
    public static async IAsyncEnumerable<string> ListAsync(IArtifactStore store, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        await foreach (var artifact in store.ListAsync(JobArtifacts.Jobs, cancellationToken).ConfigureAwait(false))
        {
            if (JobArtifacts.JobOf(artifact.Name) is { } jobId)
                yield return jobId;
        }
    }
}
