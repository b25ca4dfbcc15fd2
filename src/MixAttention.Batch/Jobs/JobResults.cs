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

    /// <summary>Reads the lines; once.</summary>
    /// <param name="withUnfinished">Whether shards without a part give what their checkpoint holds; else they give nothing.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ContractException">A part is damaged.</exception>
    public async IAsyncEnumerable<ResultLine> ReadAsync(bool withUnfinished, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var retried = new Dictionary<int, ResultLine>();
        foreach (var shard in plan.Segments.Where(s => s.IsRetry).SelectMany(s => s.Shards))
        {
            foreach (var line in await ReadShardAsync(shard, withUnfinished, cancellationToken).ConfigureAwait(false))
                retried[line.Row] = Better(retried.GetValueOrDefault(line.Row), line);
        }

        foreach (var shard in plan.Segments.Where(s => !s.IsRetry).SelectMany(s => s.Shards))
        {
            foreach (var line in await ReadShardAsync(shard, withUnfinished, cancellationToken).ConfigureAwait(false))
                yield return retried.TryGetValue(line.Row, out var again) ? Better(line, again) : line;
        }
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
    private static ResultLine Better(ResultLine? former, ResultLine later) => former is { IsFailure: false } && later.IsFailure ? former : later;

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
}
