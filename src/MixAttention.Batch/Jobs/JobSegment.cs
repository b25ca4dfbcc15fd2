using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>What a submission is about to add to a job.</summary>
/// <param name="Store">Where it is written.</param>
/// <param name="Manifest">The job.</param>
/// <param name="Former">What the job holds already; without segments for a new job.</param>
/// <param name="DocumentsPerShard">The most documents or rows of a shard.</param>
public sealed record JobSegment(IArtifactStore Store, JobManifest Manifest, JobPlan Former, int DocumentsPerShard)
{
    /// <summary>Gets the job's names.</summary>
    public JobArtifacts Artifacts { get; } = new(Manifest.JobId);

    /// <summary>Gets of how many documents or lines one is taken; a sample of a new job for a dry run.</summary>
    /// <value>1, all of them, unless set.</value>
    public int Stride { get; init; } = 1;

    /// <summary>Gets the segment's number.</summary>
    public int Number => Former.Segments.Count;

    /// <summary>Gets what the segment's listing is called.</summary>
    public string Listing => Artifacts.Listing(Number);
}
