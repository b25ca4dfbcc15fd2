using MixAttention.Engine;
using MixAttention.Engine.Scheduling;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Cli.Benchmarking;

/// <summary>Time and tokens of steps of one kind.</summary>
internal readonly record struct StepTotals(int Steps, long Tokens, TimeSpan Time)
{
    /// <summary>Gets tokens per second; null when there were none.</summary>
    public double? TokensPerSecond => Tokens == 0 || Time == TimeSpan.Zero ? null : Tokens / Time.TotalSeconds;
}

/// <summary>Runs another runner's steps and tells apart the time of steps that only prefill, only decode, or do both.</summary>
/// <remarks>A step lasts from its start to the next one's, so that scheduling and sampling count. Totals are read when no step runs.</remarks>
internal sealed class StepClock(IModelRunner inner, TimeProvider time) : IModelRunner
{
    private readonly StepTotals[] _totals = new StepTotals[3];
    private StepPlan? _current;
    private long _started;
    private ForwardTimes _forwardBefore = ForwardTimes.Of(inner);

    public int VocabularySize => inner.VocabularySize;

    public int MaxSequenceLength => inner.MaxSequenceLength;

    public KvGeometry KvGeometry => inner.KvGeometry;

    public long KvArenaElements => inner.KvArenaElements;

    public string NumericsVersion => inner.NumericsVersion;

    public StepTotals Prefill => _totals[0];

    public StepTotals Decode => _totals[1];

    public StepTotals Mixed => _totals[2];

    /// <summary>Gets where the time of forward passes went since the restart.</summary>
    public ForwardTimes Forward => ForwardTimes.Of(inner).Since(_forwardBefore);

    /// <summary>Forgets what was measured.</summary>
    public void Restart()
    {
        _current = null;
        Array.Clear(_totals);
        _forwardBefore = ForwardTimes.Of(inner);
    }

    /// <summary>Ends the last step.</summary>
    public void Stop()
    {
        if (_current is { } plan)
        {
            int kind = plan.Decode.Count == 0 ? 0 : plan.Prefill.Count == 0 ? 1 : 2;
            var (steps, tokens, soFar) = _totals[kind];
            _totals[kind] = new StepTotals(steps + 1, tokens + plan.TokenCount, soFar + time.GetElapsedTime(_started));
        }

        _current = null;
    }

    public void Run(StepPlan plan, LogitsHandler onLogits)
    {
        Stop();
        _current = plan;
        _started = time.GetTimestamp();
        inner.Run(plan, onLogits);
    }

    public long CountPrefillFlops(PrefillTrim trim, int position, int tokens) => inner.CountPrefillFlops(trim, position, tokens);

    public void MoveKv(long fromElement, long toElement, long elements) => inner.MoveKv(fromElement, toElement, elements);

    public void CopyRings(KvRegion source, KvRegion target) => inner.CopyRings(source, target);

    public void Dispose() => inner.Dispose();
}
