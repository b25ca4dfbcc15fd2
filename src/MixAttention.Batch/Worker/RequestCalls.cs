using System.Collections.Concurrent;
using MixAttention.Batch.Shards;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Worker;

/// <summary>Makes the calls to the engine that one request needs, and keeps what became of them.</summary>
/// <param name="feed">The engine.</param>
/// <param name="row">The request.</param>
/// <param name="key">The request's name in the engine; no other request has it or a name that begins with it and a slash.</param>
/// <param name="known">Calls that a former owner of the shard has made, by name: they are answered from here.</param>
/// <param name="keep">Takes a call that has finished, for a later owner.</param>
internal sealed class RequestCalls(EngineFeed feed, int row, string key, IReadOnlyDictionary<string, CallLine> known, Action<CallLine> keep)
{
    private readonly ConcurrentDictionary<string, FinishedCall?> _calls = new(StringComparer.Ordinal); // By key; null while open.
    private volatile bool _isCancelled;

    /// <summary>Gets the calls that have ended here, in no order.</summary>
    public IReadOnlyList<FinishedCall> Finished => [.. _calls.Values.OfType<FinishedCall>()];

    /// <summary>Gets the longest sequence that the engine takes, prompt and answer together.</summary>
    public int MaxSequenceLength => feed.Info.MaxSequenceLength;

    /// <summary>Makes a call, unless a former owner has.</summary>
    /// <param name="request">What the engine is asked; its key is set here.</param>
    /// <param name="id">The call's name among those of the request; null where the request is one call. It names the same call in every run.</param>
    /// <returns>The result, also if it is an error or a cancellation.</returns>
    /// <exception cref="EngineException">The engine died first.</exception>
    public async Task<GenerationResult> RunAsync(GenerationRequest request, string? id = null)
    {
        string callKey = id is null ? key : $"{key}/{id}";
        var keyed = request with { Key = callKey };
        if (id is not null && known.TryGetValue(id, out var line))
            return Restore(keyed, line);
        if (_isCancelled)
            return EngineFeed.Cancelled(keyed);
        var submittedAt = feed.Time.GetUtcNow();
        _calls[callKey] = null;
        var running = await feed.SubmitAsync(keyed).ConfigureAwait(false);
        if (_isCancelled) // Since the look above, so that it was perhaps not among those that were cancelled.
            feed.Cancel(callKey);
        var result = await running.ConfigureAwait(false);
        _calls[callKey] = new FinishedCall(id, submittedAt, request.Sampling, result);
        if (id is not null && IsKept(result))
            keep(new CallLine(row, id, result.Text ?? "", result.FinishReason == FinishReason.Length, result.PromptTokens, result.CompletionTokens));
        return result;
    }

    /// <summary>Ends the calls that are open with <see cref="FinishReason.Cancelled"/>, and those that would follow.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        foreach (string open in _calls.Where(c => c.Value is null).Select(c => c.Key))
            feed.Cancel(open);
    }

    // Log-probabilities have no place in a checkpoint: a call that was asked for them is made again.
    private static bool IsKept(GenerationResult result) => result.FinishReason is FinishReason.Stop or FinishReason.Length && result.Logprobs is null;

    private static GenerationResult Restore(GenerationRequest request, CallLine line) => new()
    {
        CustomId = request.CustomId,
        Key = request.Key,
        TokenIds = [],
        Text = line.Text,
        FinishReason = line.IsCutShort ? FinishReason.Length : FinishReason.Stop,
        PromptTokens = line.PromptTokens,
        CompletionTokens = line.CompletionTokens,
    };
}

/// <summary>A call that has ended.</summary>
/// <param name="Id">Its name among those of its request; null where the request is one call.</param>
/// <param name="SubmittedAt">When it was handed to the engine.</param>
/// <param name="Sampling">How tokens were chosen.</param>
/// <param name="Result">What came of it, with its times since then.</param>
internal sealed record FinishedCall(string? Id, DateTimeOffset SubmittedAt, SamplingParams Sampling, GenerationResult Result);
