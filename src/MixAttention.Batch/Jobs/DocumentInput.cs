using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;

namespace MixAttention.Batch.Jobs;

/// <summary>Documents that lie in files, and standard input as one of them.</summary>
/// <remarks>
/// Paths, lengths, times and digests are listed; the files stay where they are. While the others are looked at, nothing is kept of a document but digests of its id and of the
/// paths of its texts, in some 100 bytes.
/// </remarks>
/// <param name="finder">Finds the documents.</param>
/// <param name="standardInput">Opens standard input.</param>
public sealed class DocumentInput(DocumentFinder finder, Func<Stream> standardInput) : IJobInput
{
    private const int Same = -1; // In the place of the stamp of a listed document that is there as it was.

    /// <inheritdoc />
    public IReadOnlyList<ListedDocument> Corrected { get; private set; } = [];

    /// <inheritdoc />
    public IEnumerable<long> ListLargest(int count)
    {
        var largest = finder.Found.LargestByteCounts;
        int others = Math.Min(count, finder.Found.Count) - largest.Count;
        return largest.Take(count).Concat(Enumerable.Repeat(largest.Count > 0 ? largest[^1] : 0, Math.Max(0, others)));
    }

    /// <inheritdoc />
    public Task<int> CountAsync(JobManifest manifest, CancellationToken cancellationToken) => Task.FromResult(finder.Found.Count);

    /// <inheritdoc />
    public async Task<IReadOnlyList<PlannedShard>> AddAsync(JobSegment segment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(segment);
        var known = new IdTable(); // With the stamp of each listed document, until it is found.
        var texts = new TextPathPlan();
        await foreach (var listed in ReadListedAsync(segment, cancellationToken).ConfigureAwait(false))
        {
            known.Add(listed.Id, Stamp(listed.Path, listed.Bytes, listed.Modified));
            for (int i = 0; i < listed.Texts.Count; i++)
                texts.Add(listed.Id, i);
        }

        var added = ListAddedAsync(segment, known, texts, cancellationToken);
        return await Listing.WriteAsync(segment.Store, segment.Listing, added, segment.Former.ShardCount, segment.DocumentsPerShard, cancellationToken).ConfigureAwait(false);
    }

    private static IAsyncEnumerable<ListedDocument> ReadListedAsync(JobSegment segment, CancellationToken cancellationToken) =>
        Listing.ReadAllAsync(segment.Store, segment.Artifacts, segment.Former, cancellationToken);

    /// <summary>Lists the documents that the job does not hold yet; when all have been seen, those that it holds must be there as they were, or have failed.</summary>
    private async IAsyncEnumerable<ListedDocument> ListAddedAsync(JobSegment segment, IdTable known, TextPathPlan texts, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long maxBytes = segment.Manifest.Input.MaxDocumentBytes;
        int row = segment.Former.Rows, instructions = segment.Manifest.Task.Instructions.Count, same = 0;
        foreach (var document in finder.Enumerate().Where(d => d.Index % segment.Stride == 0))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (known.Find(document.Id) is not { } stamp)
            {
                var stored = document.Path is null ? await StoreStandardInputAsync(segment, document, cancellationToken).ConfigureAwait(false) : document;
                string[] paths = [.. Enumerable.Range(0, instructions).Select(i => texts.Add(document.Id, i))];
                yield return await Listing.DescribeAsync(stored, row, paths, maxBytes, cancellationToken).ConfigureAwait(false);
                row += instructions;
            }
            else if (stamp == Stamp(document.Path, document.ByteCount, Listing.LastModified(document)))
            {
                known.Replace(document.Id, Same);
                same++;
            }
            else
            {
                // Another time of writing may be all that differs: its digest tells.
                var (bytes, sha256) = document.Path is null
                    ? await ReadStandardInputAsync(maxBytes, (_, _) => ValueTask.CompletedTask, cancellationToken).ConfigureAwait(false)
                    : (document.ByteCount, await Listing.DigestAsync(document, maxBytes, cancellationToken).ConfigureAwait(false));
                known.Replace(document.Id, Stamp(document.Path, bytes, sha256));
            }
        }

        Corrected = same < known.Count ? await FindCorrectedAsync(segment, known, cancellationToken).ConfigureAwait(false) : [];
    }

    /// <summary>Looks at the listed documents that were not found as they were: they may have been touched, changed, or gone.</summary>
    /// <returns>Those that have failed and changed. What has failed and gone keeps its error lines.</returns>
    private async Task<IReadOnlyList<ListedDocument>> FindCorrectedAsync(JobSegment segment, IdTable known, CancellationToken cancellationToken)
    {
        var failed = await new JobResults(segment.Store, segment.Artifacts, segment.Former).ListFailedAsync(withUnfinished: true, [], cancellationToken).ConfigureAwait(false);
        var differences = new InputDifferences("documents", "Bring them back, or start over with --overwrite or in another output folder. Only documents that have failed may change or go.");
        var changed = new Dictionary<string, ListedDocument>();
        await foreach (var listed in ReadListedAsync(segment, cancellationToken).ConfigureAwait(false))
        {
            int? stamp = known.Find(listed.Id);
            bool isGone = stamp == Stamp(listed.Path, listed.Bytes, listed.Modified);
            bool hasFailed = listed.Path is not null && Enumerable.Range(listed.Row, listed.Requests).All(failed.Contains); // Standard input cannot be read again.
            if (isGone && !hasFailed)
                differences.AddGone(listed.Id);
            else if (isGone || stamp == Same || stamp == Stamp(listed.Path, listed.Bytes, listed.Sha256))
                continue;
            else if (hasFailed)
                changed.Add(listed.Id, listed);
            else
                differences.AddChanged(listed.Id);
        }

        differences.ThrowIfAny();
        return changed.Count == 0 ? [] : await DescribeAsync(segment, changed, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lists what changed documents are now.</summary>
    private async Task<IReadOnlyList<ListedDocument>> DescribeAsync(JobSegment segment, Dictionary<string, ListedDocument> changed, CancellationToken cancellationToken)
    {
        List<ListedDocument> documents = [];
        foreach (var document in finder.Enumerate())
        {
            if (changed.TryGetValue(document.Id, out var listed))
                documents.Add(await Listing.DescribeAsync(document, listed.Row, listed.Texts, segment.Manifest.Input.MaxDocumentBytes, cancellationToken).ConfigureAwait(false) with { IsCorrected = true });
        }

        return [.. documents.OrderBy(d => d.Row)]; // Results of retries are joined in that order.
    }

    /// <summary>Makes a number of what a document is: two that differ have one number once in four billion.</summary>
    private static int Stamp<T>(string? path, long bytes, T content) => HashCode.Combine(path, bytes, content) is var stamp and not (0 or Same) ? stamp : 1;

    /// <summary>Keeps standard input, which can be read once only; of what is too large to be taken one byte more than is allowed, so that this is seen.</summary>
    private async Task<DocumentEntry> StoreStandardInputAsync(JobSegment segment, DocumentEntry document, CancellationToken cancellationToken)
    {
        string name = segment.StandardInput;
        var (length, sha256) = (0L, "");
        await segment.Store.PutIfMatchAsync(
            name,
            etag: null,
            async (target, stop) => (length, sha256) = await ReadStandardInputAsync(segment.Manifest.Input.MaxDocumentBytes, target.WriteAsync, stop).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        return document with { ByteCount = length, Artifact = name, Sha256 = sha256 };
    }

    private async Task<(long Bytes, string Sha256)> ReadStandardInputAsync(long maxBytes, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> take, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var stream = standardInput();
        await using var _ = stream.ConfigureAwait(false);
        var block = new byte[65536];
        long length = 0;
        for (int read; length <= maxBytes && (read = await stream.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, maxBytes + 1 - length)), cancellationToken).ConfigureAwait(false)) > 0; length += read)
        {
            hash.AppendData(block, 0, read);
            await take(block.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }

        return (length, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
