using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Writes jobs into a store and sends their shards to a queue.</summary>
/// <remarks>
/// A job's input is frozen: path, length and digest of every document are listed. Listings come first, then the plan, then the manifest, then the messages, so a submission
/// that dies leaves a job whole or none, and submitting again sends what was not sent.
/// </remarks>
/// <param name="store">The store.</param>
/// <param name="queue">The queue.</param>
/// <param name="standardInput">Opens standard input.</param>
public sealed class JobSubmission(IArtifactStore store, IJobQueue queue, Func<Stream> standardInput)
{
    /// <summary>Gets the most documents of a shard: what a worker takes at once.</summary>
    /// <value>64 unless set.</value>
    public int DocumentsPerShard { get; init; } = 64;

    /// <summary>Makes the id of a new job.</summary>
    public static string NewJobId(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return $"job_{Guid.CreateVersion7(time.GetUtcNow()):N}";
    }

    /// <summary>Submits a new job.</summary>
    /// <returns>Its plan.</returns>
    /// <exception cref="BatchException">There is a job of that id.</exception>
    public async Task<JobPlan> SubmitAsync(JobManifest manifest, IReadOnlyList<DocumentEntry> documents, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(documents);
        var artifacts = new JobArtifacts(manifest.JobId);
        var plan = new JobPlan([await AddSegmentAsync(manifest, documents, new TextPathPlan(), segment: 0, firstShard: 0, firstRow: 0, run: 0, cancellationToken).ConfigureAwait(false)]);
        byte[] json = ContractJson.Write(manifest with { Fingerprint = JobFingerprint.Of(manifest) }, ContractJson.Default.JobManifest);
        if (await store.PutIfAbsentAsync(artifacts.Manifest, json, cancellationToken).ConfigureAwait(false) is null)
            throw BatchException.Usage($"There is a job {manifest.JobId} already. Submit under another id.");
        await OpenShards.SendAsync(store, queue, manifest, plan, cancellationToken).ConfigureAwait(false);
        return plan;
    }

    /// <summary>Takes a job up again: documents that have come are added, and shards without results are sent.</summary>
    /// <param name="job">The job as it was submitted.</param>
    /// <param name="asked">What is asked for now.</param>
    /// <param name="documents">The documents there are now.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Its plan.</returns>
    /// <exception cref="BatchException">Something else is asked for, or documents have changed or gone; the message names what.</exception>
    public async Task<JobPlan> ResumeAsync(JobManifest job, JobManifest asked, IReadOnlyList<DocumentEntry> documents, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(documents);
        if (JobFingerprint.Differences(job, asked) is { Count: > 0 } differences)
            throw BatchException.Usage($"The job that was begun asks for something else: {string.Join("; ", differences)}. Ask for the same, or start over with --overwrite or in another output folder.");

        var artifacts = new JobArtifacts(job.JobId);
        var plan = await JobPlan.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false);
        var paths = new TextPathPlan();
        var added = await CompareAsync(job, plan, documents, paths, cancellationToken).ConfigureAwait(false);
        if (added.Count > 0)
            plan = new JobPlan([.. plan.Segments, await AddSegmentAsync(job, added, paths, plan.Segments.Count, plan.ShardCount, plan.Rows, plan.Run, cancellationToken).ConfigureAwait(false)]);
        await OpenShards.SendAsync(store, queue, job, plan, cancellationToken).ConfigureAwait(false);
        return plan;
    }

    private async Task<ShardPlan> AddSegmentAsync(
        JobManifest manifest, IReadOnlyList<DocumentEntry> documents, TextPathPlan paths, int segment, int firstShard, int firstRow, int run, CancellationToken cancellationToken)
    {
        var artifacts = new JobArtifacts(manifest.JobId);
        var listed = DescribeAsync(manifest, documents, paths, segment, firstRow, cancellationToken);
        var shards = await Listing.WriteAsync(store, artifacts.Listing(segment), listed, firstShard, DocumentsPerShard, cancellationToken).ConfigureAwait(false);
        var plan = new ShardPlan { Segment = segment, Run = run, Shards = shards };
        if (await store.PutIfAbsentAsync(artifacts.Plan(segment), ContractJson.Write(plan, ContractJson.Default.ShardPlan), cancellationToken).ConfigureAwait(false) is null)
            throw BatchException.Usage($"Somebody else is adding to job {manifest.JobId} at this moment. Try again.");
        return plan;
    }

    private async IAsyncEnumerable<ListedDocument> DescribeAsync(
        JobManifest manifest, IReadOnlyList<DocumentEntry> documents, TextPathPlan paths, int segment, int row, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int instructions = manifest.Task.Instructions.Count;
        foreach (var document in documents)
        {
            var stored = document.Path is null ? await StoreStandardInputAsync(manifest, document, segment, cancellationToken).ConfigureAwait(false) : document;
            string[] texts = [.. Enumerable.Range(0, instructions).Select(i => paths.Add(document.Id, i))];
            yield return await Listing.DescribeAsync(stored, row, texts, manifest.Input.MaxDocumentBytes, cancellationToken).ConfigureAwait(false);
            row += instructions;
        }
    }

    /// <summary>Keeps standard input, which can be read once only; of what is too large to be taken one byte more than is allowed, so that this is seen.</summary>
    private async Task<DocumentEntry> StoreStandardInputAsync(JobManifest manifest, DocumentEntry document, int segment, CancellationToken cancellationToken)
    {
        string name = new JobArtifacts(manifest.JobId).StandardInput(segment);
        long length = 0;
        string sha256 = "";
        await store.PutIfMatchAsync(
            name,
            etag: null,
            async (target, stop) =>
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                await foreach (var block in ReadStandardInputAsync(manifest.Input.MaxDocumentBytes, stop).ConfigureAwait(false))
                {
                    hash.AppendData(block.Span);
                    length += block.Length;
                    await target.WriteAsync(block, stop).ConfigureAwait(false);
                }

                sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
            },
            cancellationToken).ConfigureAwait(false);
        return document with { ByteCount = length, Artifact = name, Sha256 = sha256 };
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadStandardInputAsync(long maxBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stream = standardInput();
        await using (stream.ConfigureAwait(false))
        {
            var block = new byte[65536];
            long left = maxBytes + 1;
            for (int read; left > 0 && (read = await stream.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, left)), cancellationToken).ConfigureAwait(false)) > 0; left -= read)
                yield return block.AsMemory(0, read);
        }
    }

    /// <summary>Compares what is there with what was listed.</summary>
    /// <returns>The documents that were not listed, in input order.</returns>
    private async Task<List<DocumentEntry>> CompareAsync(JobManifest job, JobPlan plan, IReadOnlyList<DocumentEntry> documents, TextPathPlan paths, CancellationToken cancellationToken)
    {
        var found = documents.ToDictionary(d => d.Id);
        List<string> changed = [], removed = [];
        foreach (var (segment, shard) in plan.Segments.Where(s => !s.IsRetry).SelectMany(s => s.Shards, (segment, shard) => (segment, shard)))
        {
            foreach (var listed in await Listing.ReadAsync(store, new JobArtifacts(job.JobId).Listing(segment.Segment), shard, cancellationToken).ConfigureAwait(false))
            {
                for (int i = 0; i < listed.Texts.Count; i++)
                    paths.Add(listed.Id, i);
                if (!found.Remove(listed.Id, out var document))
                    removed.Add(listed.Id);
                else if (await HasChangedAsync(job, listed, document, cancellationToken).ConfigureAwait(false))
                    changed.Add(listed.Id);
            }
        }

        string?[] problems = [Name("changed", changed), Name("gone", removed)];
        return changed.Count + removed.Count == 0
            ? [.. found.Values.OrderBy(d => d.Index)]
            : throw BatchException.Usage($"The documents are not those that the job was begun with: {string.Join("; ", problems.OfType<string>())}. Bring them back, or start over with --overwrite or in another output folder.");
    }

    private async Task<bool> HasChangedAsync(JobManifest job, ListedDocument listed, DocumentEntry document, CancellationToken cancellationToken)
    {
        if (document.Path is null)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await foreach (var block in ReadStandardInputAsync(job.Input.MaxDocumentBytes, cancellationToken).ConfigureAwait(false))
                hash.AppendData(block.Span);
            return listed.Sha256 != Convert.ToHexStringLower(hash.GetHashAndReset());
        }

        // Same place, length and time: taken as the same without reading it again. The worker compares digests in any case.
        if (document.Path != listed.Path || document.ByteCount != listed.Bytes)
            return true;
        return Listing.LastModified(document) != listed.Modified && listed.Sha256 is not null
            && await Listing.DigestAsync(document, job.Input.MaxDocumentBytes, cancellationToken).ConfigureAwait(false) != listed.Sha256;
    }

    private static string? Name(string what, List<string> ids)
    {
        const int shown = 5;
        return ids.Count == 0 ? null : $"{what} {(ids.Count > shown ? "are" : ids.Count > 1 ? "are" : "is")} {string.Join(", ", ids.Take(shown))}{(ids.Count > shown ? $" and {ids.Count - shown} more" : "")}";
    }
}
