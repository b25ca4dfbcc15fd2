using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Shards;

/// <summary>What the checkpoint of a shard tells its next owner.</summary>
/// <param name="Finished">Lines of finished requests, by row.</param>
/// <param name="Discarded">Segments that were torn, changed, or of another version or fingerprint.</param>
internal sealed record ShardHistory(IReadOnlyDictionary<int, ResultLine> Finished, int Discarded)
{
    private Dictionary<int, Dictionary<string, CallLine>> Calls { get; init; } = [];

    private IReadOnlyList<(int Generation, CheckpointHeader Header)> Headers { get; init; } = [];

    private IReadOnlyDictionary<string, CheckpointSegment?> Segments { get; init; } = new Dictionary<string, CheckpointSegment?>(); // By name; null for what is none.

    /// <summary>Reads all segments of a shard.</summary>
    /// <param name="store">The store.</param>
    /// <param name="artifacts">The job's names.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="fingerprint">What results must depend on to be of use; null takes any.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static Task<ShardHistory> ReadAsync(IArtifactStore store, JobArtifacts artifacts, int shard, string? fingerprint, CancellationToken cancellationToken) =>
        ReadAsync(store, artifacts, shard, fingerprint, new Dictionary<string, CheckpointSegment?>(), cancellationToken);

    /// <summary>Reads what has come to a shard since.</summary>
    /// <returns>All that is there now.</returns>
    /// <inheritdoc cref="ReadAsync(IArtifactStore, JobArtifacts, int, string?, CancellationToken)" path="/param" />
    public Task<ShardHistory> ReadAgainAsync(IArtifactStore store, JobArtifacts artifacts, int shard, string? fingerprint, CancellationToken cancellationToken) =>
        ReadAsync(store, artifacts, shard, fingerprint, Segments, cancellationToken);

    /// <summary>Gets the calls that have finished of a request that has not, by their names.</summary>
    public IReadOnlyDictionary<string, CallLine> CallsOf(int row) => Calls.TryGetValue(row, out var calls) ? calls : new Dictionary<string, CallLine>();

    /// <summary>Tells whether a generation gave the shard up in good order.</summary>
    public bool IsDrained(int generation) => Headers.Any(h => h.Generation == generation && h.Header.IsDrained);

    /// <summary>Gets the requests that a generation had started and not finished: after a crash, those that were running in it.</summary>
    public IReadOnlyList<(int Row, bool WasAlone)> Unfinished(int generation) =>
        [.. Headers.Where(h => h.Generation == generation).SelectMany(h => h.Header.Started, (h, row) => (row, h.Header.IsAlone)).Where(s => !Finished.ContainsKey(s.row)).Distinct()];

    private static async Task<ShardHistory> ReadAsync(
        IArtifactStore store, JobArtifacts artifacts, int shard, string? fingerprint, IReadOnlyDictionary<string, CheckpointSegment?> known, CancellationToken cancellationToken)
    {
        var segments = new Dictionary<string, CheckpointSegment?>(StringComparer.Ordinal);
        var finished = new Dictionary<int, ResultLine>();
        var calls = new Dictionary<int, Dictionary<string, CallLine>>();
        var headers = new List<(int, CheckpointHeader)>();
        int discarded = 0;
        await foreach (var artifact in store.ListAsync(artifacts.Checkpoints(shard), cancellationToken).ConfigureAwait(false))
        {
            if (!known.TryGetValue(artifact.Name, out var segment))
            {
                var content = await store.ReadBytesAsync(artifact.Name, cancellationToken).ConfigureAwait(false);
                if (content is null)
                    continue; // The shard is done, and its committer deletes what is not needed any more.
                segment = CheckpointSegment.TryRead(content.Bytes);
            }

            segments.Add(artifact.Name, segment);
            if (segment is null || (fingerprint is not null && segment.Header.Fingerprint != fingerprint))
            {
                discarded++;
                continue;
            }

            headers.Add((artifacts.ParseCheckpoint(shard, artifact.Name).Generation, segment.Header));
            foreach (var line in segment.Lines)
                finished[line.Row] = line;
            foreach (var call in segment.Calls)
                (calls.TryGetValue(call.Row, out var ofRow) ? ofRow : calls[call.Row] = new(StringComparer.Ordinal))[call.Id] = call;
        }

        return new ShardHistory(finished, discarded) { Headers = headers, Calls = calls, Segments = segments };
    }
}
