using MixAttention.Engine.KvCache;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Scheduling;

/// <summary>What a step does: first the moves in order, then the copies of rings, then the plan.</summary>
/// <param name="Moves">Regions that make room for admitted sequences.</param>
/// <param name="RingCopies">Rings of prefixes that sequences go on with.</param>
/// <param name="Plan">What the model runs.</param>
/// <param name="Prefilled">Whose each chunk of the plan is.</param>
/// <param name="Sampled">The sequence of each row of logits of the plan.</param>
internal sealed record ScheduledStep(
    IReadOnlyList<KvMove> Moves, IReadOnlyList<RingCopy> RingCopies, StepPlan Plan, IReadOnlyList<PrefillTurn> Prefilled, IReadOnlyList<SequenceState> Sampled);

/// <summary>Asks for the rings of a prefix to be copied to a sequence that is at its fork.</summary>
internal readonly record struct RingCopy(KvRegion From, KvRegion To);

/// <summary>Says whose a chunk is.</summary>
/// <param name="Sequence">The sequence that comes forward.</param>
/// <param name="Prefix">Its prefix's node if the chunk is one of that; null for the sequence's own.</param>
internal readonly record struct PrefillTurn(SequenceState Sequence, PrefixNode? Prefix)
{
    /// <summary>Gets whether the sequence's first own chunk comes, behind its prefix.</summary>
    public bool IsFork => Prefix is null && Sequence.IsSharer && Sequence.PrefilledTokens == Sequence.PrefixLength;
}
