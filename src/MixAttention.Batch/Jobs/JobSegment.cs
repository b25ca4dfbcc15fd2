using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>What a submission is about to add to a job.</summary>
/// <remarks>
/// Its files have names that no other submission uses, until its plan is put if absent: whoever comes second has changed nothing and takes back what it wrote. The plan lies among those of
/// the manifest's <see cref="JobManifest.PlanId"/>, so one that is put late, when the job has been deleted and another has its id, is nobody's.
/// </remarks>
/// <param name="Store">Where it is written.</param>
/// <param name="Manifest">The job; its plan has an id.</param>
/// <param name="Former">What the job holds already; without segments for a new job.</param>
/// <param name="DocumentsPerShard">The most documents or rows of a shard.</param>
public sealed record JobSegment(IArtifactStore Store, JobManifest Manifest, JobPlan Former, int DocumentsPerShard)
{
    private readonly string _listingId = Former.Segments.Count == 0 ? Manifest.PlanId! : NewId();

    /// <summary>Gets the job's names.</summary>
    public JobArtifacts Artifacts { get; } = new(Manifest.JobId);

    /// <summary>Gets of how many documents or lines one is taken; a sample of a new job for a dry run.</summary>
    /// <value>1, all of them, unless set.</value>
    public int Stride { get; init; } = 1;

    /// <summary>Gets the segment's number.</summary>
    public int Number => Former.Segments.Count;

    /// <summary>Gets what the segment's listing is called.</summary>
    public string Listing => Artifacts.Listing(Number, _listingId);

    /// <summary>Gets what the copy of a .jsonl file's lines is called.</summary>
    public string Lines => Artifacts.Lines(Number, _listingId);

    /// <summary>Gets what the copy of standard input is called.</summary>
    public string StandardInput => Artifacts.StandardInput(Number, _listingId);

    /// <summary>Makes the id of a plan or a listing.</summary>
    internal static string NewId() => Guid.NewGuid().ToString("N");

    /// <summary>Makes the segment, whose listing is written, part of the job's plan.</summary>
    /// <param name="shards">Its shards.</param>
    /// <param name="run">Which submission of the job this is.</param>
    /// <param name="isRetry">Whether its requests are failed ones that run again.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    /// <returns>The plan with it.</returns>
    /// <exception cref="BatchException">Somebody else has added one meanwhile; nothing of this one is left.</exception>
    internal async Task<JobPlan> CommitAsync(IReadOnlyList<PlannedShard> shards, int run, bool isRetry, CancellationToken cancellationToken)
    {
        var plan = new ShardPlan { Segment = Number, ListingId = _listingId, IsRetry = isRetry, Run = run, Shards = shards };
        byte[] json = ContractJson.Write(plan, ContractJson.Default.ShardPlan);
        if (await Store.PutIfAbsentAsync(Artifacts.Plan(Manifest.PlanId!, Number), json, cancellationToken).ConfigureAwait(false) is not null)
            return new JobPlan([.. Former.Segments, plan]);
        await RemoveAsync(cancellationToken).ConfigureAwait(false);
        throw BatchException.Usage($"Somebody else is adding to job {Manifest.JobId} at this moment. Try again.");
    }

    /// <summary>Removes what was written of the segment, which no plan names.</summary>
    internal async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (string name in new[] { Listing, Lines, StandardInput })
            await Store.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
    }
}
