using MixAttention.Engine;
using MixAttention.Engine.Scheduling;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Tests.Support;

/// <summary>A model without arithmetic: the logits of a position are a pure function of the sequence's tokens up to it.</summary>
internal sealed class HashingModel(long arenaElements, int vocabularySize, int maxSequenceLength) : IModelRunner
{
    private const ulong Offset = 14695981039346656037;

    private readonly Dictionary<int, ulong> _hashes = [];
    private readonly float[] _logits = new float[vocabularySize];

    public int VocabularySize => vocabularySize;

    public int MaxSequenceLength => maxSequenceLength;

    public KvGeometry KvGeometry { get; } = Geometry;

    public long KvArenaElements => arenaElements;

    /// <summary>Gets what a sequence keeps: one full owner and one window of 5, of one element each.</summary>
    public static KvGeometry Geometry { get; } = new(new AttentionLayout([new(null, 0), new(5, 1)]), kvHeads: 1, headDim: 1, bytesPerElement: 2);

    /// <summary>Runs before each step, on the engine's thread.</summary>
    public Action<StepPlan>? BeforeStep { get; init; }

    /// <summary>Changes logits before they are handed out.</summary>
    public Action<StepPlan, float[]>? ChangeLogits { get; init; }

    public long CountPrefillFlops(PrefillTrim trim) => trim.PromptLength;

    public void Run(StepPlan plan, LogitsHandler onLogits)
    {
        BeforeStep?.Invoke(plan);
        int sample = 0;
        foreach (var chunk in plan.Prefill)
        {
            foreach (int id in chunk.TokenIds.Span)
                Append(chunk.SequenceId, id);
            if (chunk.IsLast)
                onLogits(sample++, Logits(plan, chunk.SequenceId));
        }

        foreach (var token in plan.Decode)
        {
            Append(token.SequenceId, token.TokenId);
            onLogits(sample++, Logits(plan, token.SequenceId));
        }
    }

    public void MoveKv(long fromElement, long toElement, long elements)
    {
        // There is nothing in the arena.
    }

    public void Dispose() => _hashes.Clear();

    private void Append(int sequence, int id) => _hashes[sequence] = (_hashes.GetValueOrDefault(sequence, Offset) ^ (uint)id) * 1099511628211;

    private float[] Logits(StepPlan plan, int sequence)
    {
        var random = new Random((int)(_hashes[sequence] ^ (_hashes[sequence] >> 32)));
        for (int id = 0; id < _logits.Length; id++)
            _logits[id] = random.Next(-40, 41) / 10f;
        ChangeLogits?.Invoke(plan, _logits);
        return _logits;
    }
}
