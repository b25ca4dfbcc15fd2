using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Reporting;

/// <summary>What the traces say of one request: the sum of its calls.</summary>
internal sealed record TracedRequest
{
    public required string CustomId { get; init; }

    public required TimeSpan Elapsed { get; init; }

    public int Calls { get; init; }

    public long PromptTokens { get; init; }

    public long CompletionTokens { get; init; }

    public TimeSpan Queued { get; init; }

    public TimeSpan Prefill { get; init; }

    public TimeSpan Decode { get; init; }

    /// <summary>Gets the most KV bytes that one of its calls reserved.</summary>
    public long KvBytes { get; init; }

    /// <summary>Adds a call.</summary>
    public TracedRequest Plus(CallSpan call) => this with
    {
        Calls = Calls + 1,
        PromptTokens = PromptTokens + call.PromptTokens,
        CompletionTokens = CompletionTokens + call.CompletionTokens,
        Queued = Queued + call.Timings.Queued,
        Prefill = Prefill + call.Timings.Prefill,
        Decode = Decode + call.Timings.Decode,
        KvBytes = Math.Max(KvBytes, call.KvBytes),
    };
}
