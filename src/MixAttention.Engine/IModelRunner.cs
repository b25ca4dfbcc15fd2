using MixAttention.Engine.Scheduling;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine;

/// <summary>Receives one row of logits of a step.</summary>
/// <param name="sampleIndex">Number of the row: last chunks first, then decode tokens, in plan order.</param>
/// <param name="logits">[V] float32, scaled and soft-capped; valid only during the call.</param>
public delegate void LogitsHandler(int sampleIndex, ReadOnlySpan<float> logits);

/// <summary>Runs step plans on a model. Made, used and disposed on the engine thread.</summary>
public interface IModelRunner : IDisposable
{
    /// <summary>Gets the vocabulary size.</summary>
    int VocabularySize { get; }

    /// <summary>Gets the longest sequence in tokens, prompt and answer together.</summary>
    int MaxSequenceLength { get; }

    /// <summary>Gets the arithmetic of a sequence's KV.</summary>
    KvGeometry KvGeometry { get; }

    /// <summary>Gets the elements of the KV arena, allocated once.</summary>
    long KvArenaElements { get; }

    /// <summary>Gets everything of the device that can change a result's bits; equal texts mean equal bits.</summary>
    string NumericsVersion { get; }

    /// <summary>Counts the floating-point operations of some tokens of a prompt, so that what trimming saves can be told.</summary>
    long CountPrefillFlops(PrefillTrim trim, int position, int tokens);

    /// <summary>Runs a step and hands out its logits, each row once, before it returns.</summary>
    void Run(StepPlan plan, LogitsHandler onLogits);

    /// <summary>Moves a region of the arena (the ranges may overlap), so that free room can be joined.</summary>
    void MoveKv(long fromElement, long toElement, long elements);

    /// <summary>Copies all rings of one region to another one: what a sequence needs besides the slabs of the prefix that it goes on behind.</summary>
    void CopyRings(KvRegion source, KvRegion target);
}
