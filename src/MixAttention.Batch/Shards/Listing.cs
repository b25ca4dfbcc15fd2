using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Shards;

/// <summary>Writes and reads the listing of a segment's documents or rows: what a job's input was when it was submitted.</summary>
internal static class Listing
{
    private const long BytesPerShard = 16L << 20;

    /// <summary>Writes a listing, document by document, and cuts it into shards.</summary>
    /// <param name="store">The store.</param>
    /// <param name="name">The listing's name, which no plan refers to yet.</param>
    /// <param name="documents">In input order.</param>
    /// <param name="firstShard">Number of the first shard.</param>
    /// <param name="documentsPerShard">The most documents of a shard.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public static async Task<IReadOnlyList<PlannedShard>> WriteAsync(
        IArtifactStore store, string name, IAsyncEnumerable<ListedDocument> documents, int firstShard, int documentsPerShard, CancellationToken cancellationToken)
    {
        List<PlannedShard> shards = [];
        await store.PutIfMatchAsync(
            name,
            etag: null,
            async (stream, stop) =>
            {
                shards = [];
                var open = new PlannedShard(firstShard, 0, 0, 0, 0, 0);
                int count = 0;
                await foreach (var document in documents.WithCancellation(stop).ConfigureAwait(false))
                {
                    if (count == documentsPerShard || (count > 0 && open.DocumentBytes + document.Bytes > BytesPerShard))
                    {
                        shards.Add(open);
                        open = new PlannedShard(open.Shard + 1, open.Offset + open.Length, 0, 0, 0, 0);
                        count = 0;
                    }

                    byte[] line = [.. ContractJson.Write(document, ContractJson.Default.ListedDocument), (byte)'\n'];
                    await stream.WriteAsync(line, stop).ConfigureAwait(false);
                    int rows = document.Requests;
                    open = open with
                    {
                        Length = open.Length + line.Length,
                        Rows = open.Rows + rows,
                        FirstRow = count == 0 ? document.Row : open.FirstRow,
                        DocumentBytes = open.DocumentBytes + (rows * document.Bytes),
                    };
                    count++;
                }

                if (count > 0)
                    shards.Add(open);
            },
            cancellationToken).ConfigureAwait(false);
        return shards;
    }

    /// <summary>Reads the documents of one shard.</summary>
    /// <exception cref="ContractException">The listing is gone or damaged.</exception>
    public static async Task<IReadOnlyList<ListedDocument>> ReadAsync(IArtifactStore store, string name, PlannedShard shard, CancellationToken cancellationToken)
    {
        try
        {
            var content = await store.ReadAsync(name, shard.Offset, shard.Length, cancellationToken).ConfigureAwait(false) ?? throw new JsonException("It is gone.");
            await using (content.ConfigureAwait(false))
            {
                var bytes = new byte[shard.Length];
                await content.Stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
                return [.. CheckpointSegment.SplitLines(bytes).Select(line => JsonSerializer.Deserialize(line.Span, ContractJson.Default.ListedDocument)!)]; // Null is no document: it fails where it is used.
            }
        }
        catch (Exception e) when (e is JsonException or EndOfStreamException)
        {
            throw ContractException.Damaged(name, ShardPlan.CurrentSchema, e);
        }
    }

    /// <summary>Reads everything that was listed when a job was submitted or added to, shard by shard; of a document that was corrected since, how it is now.</summary>
    /// <exception cref="ContractException">A listing is gone or damaged.</exception>
    public static async IAsyncEnumerable<ListedDocument> ReadAllAsync(IArtifactStore store, JobArtifacts artifacts, JobPlan plan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var corrected = new Dictionary<int, ListedDocument>(); // By row.
        await foreach (var listed in ReadSegmentsAsync(store, artifacts, plan.Segments.Where(s => s.IsRetry), cancellationToken).ConfigureAwait(false))
        {
            if (listed.IsCorrected)
                corrected[listed.Row] = listed with { Instructions = null };
        }

        await foreach (var listed in ReadSegmentsAsync(store, artifacts, plan.Segments.Where(s => !s.IsRetry), cancellationToken).ConfigureAwait(false))
            yield return corrected.GetValueOrDefault(listed.Row, listed);
    }

    private static async IAsyncEnumerable<ListedDocument> ReadSegmentsAsync(
        IArtifactStore store, JobArtifacts artifacts, IEnumerable<ShardPlan> segments, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var (segment, shard) in segments.SelectMany(s => s.Shards, (segment, shard) => (segment, shard)))
        {
            foreach (var listed in await ReadAsync(store, artifacts.Listing(segment.Segment, segment.ListingId), shard, cancellationToken).ConfigureAwait(false))
                yield return listed;
        }
    }

    /// <summary>Lists the requests of one shard.</summary>
    /// <exception cref="ContractException">The listing is gone or damaged.</exception>
    public static async Task<IReadOnlyList<BatchRequest>> ReadRequestsAsync(IArtifactStore store, JobArtifacts artifacts, ShardPlan segment, PlannedShard shard, CancellationToken cancellationToken)
    {
        var documents = await ReadAsync(store, artifacts.Listing(segment.Segment, segment.ListingId), shard, cancellationToken).ConfigureAwait(false);
        return [.. documents.SelectMany(ListRequests)];
    }

    /// <summary>Notes what a document is now.</summary>
    /// <param name="document">The document; standard input lies in the store by now.</param>
    /// <param name="row">The place in input order of its first request.</param>
    /// <param name="texts">Where its answers' texts go.</param>
    /// <param name="maxBytes">The largest document taken: a larger one is not read.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<ListedDocument> DescribeAsync(DocumentEntry document, int row, IReadOnlyList<string> texts, long maxBytes, CancellationToken cancellationToken) =>
        new(row, document.Id, document.ByteCount, texts)
        {
            Path = document.Path,
            Artifact = document.Artifact,
            Modified = LastModified(document),
            Sha256 = document.Sha256 ?? await DigestAsync(document, maxBytes, cancellationToken).ConfigureAwait(false),
        };

    /// <summary>Tells when a document's file was last written.</summary>
    /// <returns>Null when there is no file.</returns>
    public static DateTimeOffset? LastModified(DocumentEntry document) => File.Exists(document.Path) ? new DateTimeOffset(File.GetLastWriteTimeUtc(document.Path)) : null;

    /// <summary>Digests a document's file.</summary>
    /// <returns>Null when it cannot be read, which is for its request to say, or is not taken anyway. A pipe, of length 0, would block.</returns>
    public static async Task<string?> DigestAsync(DocumentEntry document, long maxBytes, CancellationToken cancellationToken)
    {
        if (document.Path is not { } path || document.ByteCount == 0 || document.ByteCount > maxBytes || !DocumentFinder.IsDocumentName(path))
            return null;
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 65536, FileOptions.SequentialScan);
            await using (stream.ConfigureAwait(false))
                return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<BatchRequest> ListRequests(ListedDocument listed)
    {
        var document = new DocumentEntry(listed.Row, listed.Id, listed.Path, listed.Bytes) { Artifact = listed.Artifact, Offset = listed.Offset, Sha256 = listed.Sha256 };
        return (listed.Instructions ?? Enumerable.Range(0, listed.Requests))
            .Select(i => new BatchRequest(listed.Row + i, i == 0 ? listed.Id : $"{listed.Id}#q{i + 1}", document, i, listed.Texts.Count > 0 ? listed.Texts[i] : null));
    }
}
