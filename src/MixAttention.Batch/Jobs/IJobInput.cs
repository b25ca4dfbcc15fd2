using MixAttention.Batch.Shards;

namespace MixAttention.Batch.Jobs;

/// <summary>Where a job's requests come from.</summary>
public interface IJobInput
{
    /// <summary>Compares the input with what a job holds already, and writes what is new as the job's next segment: its listing, and whatever that refers to.</summary>
    /// <param name="segment">The segment; that of a new job is its first.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The segment's shards; none when nothing is new.</returns>
    /// <exception cref="BatchException">Something that the job holds has changed or gone and has not failed, or the input cannot be run; the message names what. Then nothing was begun.</exception>
    Task<IReadOnlyList<PlannedShard>> AddAsync(JobSegment segment, CancellationToken cancellationToken);

    /// <summary>Counts the documents or lines without writing anything; lines are checked, too.</summary>
    /// <exception cref="BatchException">The input cannot be run, or can be read once only.</exception>
    Task<int> CountAsync(JobManifest manifest, CancellationToken cancellationToken);

    /// <summary>Gets the documents of which the last comparison found that they have failed, all their requests, and have changed since: as they are now.</summary>
    IReadOnlyList<ListedDocument> Corrected { get; }

    /// <summary>Lists the lengths of the largest documents or rows in bytes, as far as they are known without reading them, and at least those.</summary>
    /// <param name="count">The most that are listed.</param>
    IEnumerable<long> ListLargest(int count);
}
