using System.Runtime.CompilerServices;
using System.Text.Json;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Jobs;

/// <summary>Reads a job's lines in input order: those of its parts, in place of failures those of retries.</summary>
/// <param name="store">The store.</param>
/// <param name="artifacts">The job's names.</param>
/// <param name="plan">The job's plan.</param>
public sealed class JobResults(IArtifactStore store, JobArtifacts artifacts, JobPlan plan)
{
    /// <summary>Gets the requests without a line in the shards that were read.</summary>
    public int Unfinished { get; private set; }

    /// <summary>Reads the lines; once. Of every segment one shard is in memory, of each request's lines the best.</summary>
    /// <param name="withUnfinished">Whether shards without a part give what their checkpoint holds; else they give nothing.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ContractException">A part is damaged.</exception>
    public async IAsyncEnumerable<ResultLine> ReadAsync(bool withUnfinished, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The lines of a retry are in the order of rows, too, so each is walked along with those of the first tries.
        List<Cursor> retries = [];
        foreach (var segment in plan.Segments.Where(s => s.IsRetry))
            retries.Add(await Cursor.OpenAsync(ReadShardsAsync([segment], withUnfinished, cancellationToken).GetAsyncEnumerator(cancellationToken)).ConfigureAwait(false));
        await foreach (var line in ReadShardsAsync(plan.Segments.Where(s => !s.IsRetry), withUnfinished, cancellationToken).ConfigureAwait(false))
        {
            var best = line;
            foreach (var retry in retries)
                best = await retry.FindAsync(line.Row).ConfigureAwait(false) is { } again ? Better(best, again) : best;
            yield return best;
        }

        foreach (var retry in retries)
            await retry.ReadToEndAsync().ConfigureAwait(false); // Its shards count, also those behind the last line.
    }

    /// <summary>Lists the requests whose line is a failure; once, in place of reading.</summary>
    /// <param name="withUnfinished">As for reading.</param>
    /// <param name="codes">The error codes that are meant; none means all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ContractException">A part is damaged.</exception>
    public async Task<IReadOnlySet<int>> ListFailedAsync(bool withUnfinished, IReadOnlyCollection<string> codes, CancellationToken cancellationToken)
    {
        var rows = new HashSet<int>();
        await foreach (var line in ReadAsync(withUnfinished, cancellationToken).ConfigureAwait(false))
        {
            if (line.ErrorCode is { } code && (codes.Count == 0 || codes.Contains(code)))
                rows.Add(line.Row);
        }

        return rows;
    }

    /// <summary>Chooses between two lines of one request: a success, else the later one.</summary>
    private static ResultLine Better(ResultLine former, ResultLine later) => !former.IsFailure && later.IsFailure ? former : later;

    private async IAsyncEnumerable<ResultLine> ReadShardsAsync(IEnumerable<ShardPlan> segments, bool withUnfinished, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var shard in segments.SelectMany(s => s.Shards))
        {
            foreach (var line in await ReadShardAsync(shard, withUnfinished, cancellationToken).ConfigureAwait(false))
                yield return line;
        }
    }

    private async Task<IEnumerable<ResultLine>> ReadShardAsync(PlannedShard shard, bool withUnfinished, CancellationToken cancellationToken)
    {
        string name = artifacts.Part(shard.Shard);
        var part = await store.ReadBytesAsync(name, cancellationToken).ConfigureAwait(false);
        if (part is null)
        {
            var finished = withUnfinished ? (await ShardHistory.ReadAsync(store, artifacts, shard.Shard, null, cancellationToken).ConfigureAwait(false)).Finished : new Dictionary<int, ResultLine>();
            Unfinished += shard.Rows - finished.Count;
            return finished.Values.OrderBy(l => l.Row);
        }

        try
        {
            return [.. CheckpointSegment.SplitLines(part.Bytes).Select(ResultLine.Parse)];
        }
        catch (JsonException e)
        {
            throw ContractException.Damaged(name, "batch.result", e);
        }
    }

    /// <summary>Stands at a line of a retry.</summary>
    private sealed class Cursor(IAsyncEnumerator<ResultLine> lines)
    {
        private ResultLine? _line;

        public static async Task<Cursor> OpenAsync(IAsyncEnumerator<ResultLine> lines)
        {
            var cursor = new Cursor(lines);
            await cursor.MoveAsync().ConfigureAwait(false);
            return cursor;
        }

        /// <summary>Goes to a row, which lies behind those that were asked for before.</summary>
        /// <returns>Its line; null when it has not run again.</returns>
        public async Task<ResultLine?> FindAsync(int row)
        {
            while (_line?.Row < row)
                await MoveAsync().ConfigureAwait(false);
            return _line?.Row == row ? _line : null;
        }

        public async Task ReadToEndAsync()
        {
            while (_line is not null)
                await MoveAsync().ConfigureAwait(false);
        }

        private async Task MoveAsync() => _line = await lines.MoveNextAsync().ConfigureAwait(false) ? lines.Current : null;
    }
}
