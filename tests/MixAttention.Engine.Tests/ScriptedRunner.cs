using MixAttention.Engine.Scheduling;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Tests;

/// <summary>What a scripted runner does beside its work.</summary>
internal sealed record RunnerScript
{
    /// <summary>Runs before each step.</summary>
    public Action<StepPlan>? BeforeRun { get; init; }

    /// <summary>Changes logits before they are handed out.</summary>
    public Action<float[]>? ChangeLogits { get; init; }

    /// <summary>How often each row is handed out; anything but once breaks the contract.</summary>
    public int HandOuts { get; init; } = 1;
}

/// <summary>A model without arithmetic: logits are a pure function of the tokens it reads back from a fake KV arena and of the chunks that wrote them.</summary>
/// <remarks>
/// Every element of the arena holds who wrote it: sequence or prefix, position, token, start of the chunk. A wrong address, a lost move or copy, a region used twice or a row read
/// before it was written shows as a foreign element and throws; a cut that depends on company changes the logits.
/// </remarks>
internal sealed class ScriptedRunner(KvGeometry geometry, long arenaElements, RunnerScript? script = null, int vocabularySize = 48, int maxSequenceLength = 512) : IModelRunner
{
    private readonly record struct Cell(int SequenceId, int Position, int TokenId, int ChunkStart);

    private readonly Cell[] _arena = Enumerable.Repeat(new Cell(-1, -1, -1, -1), (int)arenaElements).ToArray();
    private readonly RunnerScript _script = script ?? new();
    private readonly Thread _thread = Thread.CurrentThread;

    public int VocabularySize => vocabularySize;

    public int MaxSequenceLength => maxSequenceLength;

    public KvGeometry KvGeometry => geometry;

    public long KvArenaElements => arenaElements;

    public string NumericsVersion => "scripted";

    public bool IsDisposed { get; private set; }

    public int MoveCount { get; private set; }

    public int CopyCount { get; private set; }

    /// <summary>Counts one operation for each position and layer.</summary>
    public long CountPrefillFlops(PrefillTrim trim, int position, int tokens) => ((long)tokens * geometry.Layout.LayerCount) - trim.SkippedRows(position, position + tokens);

    public void Run(StepPlan plan, LogitsHandler onLogits)
    {
        Assert.Same(_thread, Thread.CurrentThread);
        Assert.True(plan.TokenCount > 0, "a step without tokens");
        _script.BeforeRun?.Invoke(plan);
        foreach (var chunk in plan.Prefill)
        {
            for (int i = 0; i < chunk.TokenIds.Length; i++)
                Write(chunk.Region, new Cell(chunk.SequenceId, chunk.Position + i, chunk.TokenIds.Span[i], chunk.Position));
        }

        foreach (var token in plan.Decode)
            Write(token.Region, new Cell(token.SequenceId, token.Position, token.TokenId, -1));

        // All writes come before all reads, so that regions which overlap are seen.
        var sampled = plan.Prefill.Where(c => c.IsLast).Select(c => (c.SequenceId, c.Region, Length: c.End))
            .Concat(plan.Decode.Select(d => (d.SequenceId, d.Region, Length: d.Position + 1)));
        foreach (var (index, (sequenceId, region, length)) in sampled.Index())
        {
            var logits = Logits(ReadHistory(sequenceId, region, length));
            for (int i = 0; i < _script.HandOuts; i++)
                onLogits(index, logits);
        }
    }

    public void MoveKv(long fromElement, long toElement, long elements)
    {
        MoveCount++;
        Array.Copy(_arena, fromElement, _arena, toElement, elements);
    }

    public void CopyRings(KvRegion source, KvRegion target)
    {
        CopyCount++;
        foreach (var (owner, shape) in geometry.Owners.Index())
        {
            if (shape.Window is { } window)
                Array.Copy(_arena, geometry.Locate(owner, source).Keys, _arena, geometry.Locate(owner, target).Keys, 2 * window * shape.RowElements);
        }
    }

    public void Dispose()
    {
        Assert.Same(_thread, Thread.CurrentThread);
        IsDisposed = true;
    }

    private void Write(KvRegion region, Cell cell)
    {
        for (int owner = 0; owner < geometry.Owners.Count; owner++)
        {
            foreach (long element in Elements(region, owner, cell.Position))
                _arena[element] = cell;
        }
    }

    private ulong ReadHistory(int sequenceId, KvRegion region, int length)
    {
        ulong hash = 14695981039346656037;
        int? prefixId = null;
        for (int owner = 0; owner < geometry.Owners.Count; owner++)
        {
            int first = geometry.Owners[owner].Window is { } window ? Math.Max(0, length - window) : 0;
            for (int position = first; position < length; position++)
            {
                foreach (long element in Elements(region, owner, position))
                {
                    var cell = _arena[element];
                    int writer = position < region.PrefixTokens ? prefixId ??= cell.SequenceId : sequenceId;
                    if (cell.SequenceId != writer || cell.Position != position || writer < 0 != position < region.PrefixTokens)
                        throw new InvalidOperationException($"Element {element} should hold position {position} of {writer} for sequence {sequenceId} and holds {cell}.");
                    hash = (((hash ^ (uint)cell.TokenId) * 1099511628211) ^ (uint)cell.ChunkStart) * 1099511628211;
                }
            }
        }

        return hash;
    }

    private IEnumerable<long> Elements(KvRegion region, int owner, int position)
    {
        var shape = geometry.Owners[owner];
        Assert.True(position < region.PrefixTokens + region.Tokens, "a token behind its region");
        bool isInPrefix = shape.Window is null && position < region.PrefixTokens;
        var (keys, values) = geometry.Locate(owner, isInPrefix ? region.Prefix : region);
        long row = shape.Window is { } window ? position % window : isInPrefix ? position : position - region.PrefixTokens;
        for (int i = 0; i < shape.RowElements; i++)
        {
            yield return keys + (row * shape.RowElements) + i;
            yield return values + (row * shape.RowElements) + i;
        }
    }

    private float[] Logits(ulong hash)
    {
        var logits = new float[vocabularySize];
        var random = new Random((int)(hash ^ (hash >> 32)));
        for (int id = 0; id < logits.Length; id++)
            logits[id] = random.Next(-40, 41) / 10f; // coarse, so that ties occur
        _script.ChangeLogits?.Invoke(logits);
        return logits;
    }
}
