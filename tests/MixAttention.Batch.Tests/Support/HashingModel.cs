using MixAttention.Engine;
using MixAttention.Engine.Scheduling;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Tests.Support;

/// <summary>A model without arithmetic: the logits of a position are a pure function of the sequence's tokens up to it.</summary>
internal sealed class HashingModel(long arenaElements, int vocabularySize, int maxSequenceLength) : IModelRunner
{
    private const ulong Offset = 14695981039346656037;

    private readonly Dictionary<long, ulong> _hashes = []; // by the offset of the sequence's region
    private readonly float[] _logits = new float[vocabularySize];

    public int VocabularySize => vocabularySize;

    public int MaxSequenceLength => maxSequenceLength;

    public KvGeometry KvGeometry { get; } = Geometry;

    public long KvArenaElements => arenaElements;

    public string NumericsVersion => "scripted";

    /// <summary>Gets what a sequence keeps: one full owner and one window of 5, of one element each.</summary>
    public static KvGeometry Geometry { get; } = new(new AttentionLayout([new(null, 0), new(5, 1)]), kvHeads: 1, headDim: 1, bytesPerElement: 2);

    /// <summary>Runs before each step, on the engine's thread.</summary>
    public Action<StepPlan>? BeforeStep { get; init; }

    /// <summary>Changes logits before they are handed out.</summary>
    public Action<StepPlan, float[]>? ChangeLogits { get; init; }

    public long CountPrefillFlops(PrefillTrim trim, int position, int tokens) => tokens;

    public void Run(StepPlan plan, LogitsHandler onLogits)
    {
        BeforeStep?.Invoke(plan);
        int sample = 0;
        foreach (var chunk in plan.Prefill)
        {
            if (chunk.Position == 0)
                _hashes[chunk.Region.Offset] = Offset;
            foreach (int id in chunk.TokenIds.Span)
                Append(chunk.Region, id);
            if (chunk.IsLast)
                onLogits(sample++, Logits(plan, chunk.Region));
        }

        foreach (var token in plan.Decode)
        {
            Append(token.Region, token.TokenId);
            onLogits(sample++, Logits(plan, token.Region));
        }
    }

    public void MoveKv(long fromElement, long toElement, long elements)
    {
        if (_hashes.Remove(fromElement, out ulong hash))
            _hashes[toElement] = hash;
    }

    public void CopyRings(KvRegion source, KvRegion target) => _hashes[target.Offset] = _hashes[source.Offset];

    public void Dispose() => _hashes.Clear();

    private void Append(KvRegion region, int id) => _hashes[region.Offset] = (_hashes[region.Offset] ^ (uint)id) * 1099511628211;

    private float[] Logits(StepPlan plan, KvRegion region)
    {
        ulong hash = _hashes[region.Offset];
        var random = new Random((int)(hash ^ (hash >> 32)));
        for (int id = 0; id < _logits.Length; id++)
            _logits[id] = random.Next(-40, 41) / 10f;
        ChangeLogits?.Invoke(plan, _logits);
        return _logits;
    }
}
