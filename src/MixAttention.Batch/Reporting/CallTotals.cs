using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Reporting;

/// <summary>Sums over all calls to the engine that the traces know.</summary>
internal sealed record CallTotals
{
    public int Calls { get; init; }

    public long PromptTokens { get; init; }

    public long CachedPromptTokens { get; init; }

    public TimeSpan Queued { get; init; }

    public TimeSpan Prefill { get; init; }

    public TimeSpan Decode { get; init; }

    public double PrefillFlops { get; init; }

    public double PrefillFlopsSaved { get; init; }

    /// <summary>Gets the share of the prompts' operations that trimming saved, 0 to 1.</summary>
    public double TrimmedShare => PrefillFlopsSaved == 0 ? 0 : PrefillFlopsSaved / (PrefillFlops + PrefillFlopsSaved);

    /// <summary>Gets the share of prompt tokens that had been computed for another request, 0 to 1.</summary>
    public double CachedShare => PromptTokens == 0 ? 0 : (double)CachedPromptTokens / PromptTokens;

    /// <summary>Adds a call.</summary>
    public CallTotals Plus(CallSpan call) => new()
    {
        Calls = Calls + 1,
        PromptTokens = PromptTokens + call.PromptTokens,
        CachedPromptTokens = CachedPromptTokens + call.CachedPromptTokens,
        Queued = Queued + call.Timings.Queued,
        Prefill = Prefill + call.Timings.Prefill,
        Decode = Decode + call.Timings.Decode,
        PrefillFlops = PrefillFlops + call.Prefill.Flops,
        PrefillFlopsSaved = PrefillFlopsSaved + call.Prefill.FlopsSaved,
    };
}
