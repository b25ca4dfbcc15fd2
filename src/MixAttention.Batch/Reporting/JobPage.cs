using System.Text;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Reporting;

/// <summary>Shows a job to people: where its time went, how full memory was, what failed.</summary>
public static class JobPage
{
    /// <summary>Writes the page from what the store holds of the job by now: one HTML file that needs nothing else.</summary>
    /// <param name="store">The store.</param>
    /// <param name="manifest">The job, finished or not.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ContractException">The job's plan or results are damaged.</exception>
    public static async Task<byte[]> WriteAsync(IArtifactStore store, JobManifest manifest, CancellationToken cancellationToken)
    {
        var data = await new ReportReader(store, manifest).ReadAsync(cancellationToken).ConfigureAwait(false);
        return Encoding.UTF8.GetBytes(new ReportPage(data).Write());
    }
}
