using MixAttention.Batch.Documents;
using MixAttention.Batch.Records;
using MixAttention.Engine;

namespace MixAttention.Batch.Summaries;

/// <summary>Makes the calls that one long document's summary needs, a few at a time.</summary>
/// <param name="summarizer">Makes the prompts.</param>
/// <param name="customId">The request's name.</param>
/// <param name="text">The document's text.</param>
/// <param name="budget">How long prompts and answers may be.</param>
/// <param name="ask">Makes a call, which it is also told the name of.</param>
internal sealed class SummaryRun(Summarizer summarizer, string customId, string text, SummaryBudget budget, Func<GenerationRequest, string, Task<GenerationResult>> ask)
{
    // Enough to keep an engine busy with one document; the prompts of no more lie in memory.
    private const int MaxOpenCalls = 16;

    private readonly Dictionary<Task<GenerationResult>, SummaryCall> _open = [];
    private readonly SortedDictionary<(int Level, int Index), GenerationError> _errors = [];
    private GenerationResult? _last;
    private int _promptTokens;
    private int _completionTokens;

    /// <summary>Runs all calls.</summary>
    /// <remarks>An error ends only the calls that need the failed one, so that which error is told does not depend on which came first.</remarks>
    /// <returns>What came of it; null when a call was cancelled.</returns>
    public async Task<SummaryOutcome?> RunAsync()
    {
        if (budget.Room < Chunker.MinTokens)
            return Fail(summarizer.NoRoom(budget));
        var chunks = summarizer.Cut(text, budget);
        var graph = new SummaryGraph(chunks.Count, budget.FanIn, budget.OutputTokens);
        while (true)
        {
            while (_open.Count < MaxOpenCalls && graph.Next() is { } next)
                Begin(graph, chunks, next);
            if (_open.Count == 0)
                break;
            var ended = await Task.WhenAny(_open.Keys).ConfigureAwait(false);
            var result = await ended.ConfigureAwait(false);
            if (result.FinishReason == FinishReason.Cancelled)
                return null;
            _open.Remove(ended, out var call);
            Accept(graph, call!, result); // It was open.
        }

        var error = _errors.Count > 0 ? _errors.First().Value : graph.Error;
        return error is null
            ? new SummaryOutcome(_last! with { PromptTokens = _promptTokens, CompletionTokens = _completionTokens }, SummaryResult.Of(graph, chunks, text.Length)) // No error, so the last call was answered.
            : Fail(error);
    }

    private void Begin(SummaryGraph graph, IReadOnlyList<Chunk> chunks, SummaryCall call)
    {
        string[] texts = [.. (call.Level == 0 ? [chunks[call.Index].TextIn(text)] : call.Inputs).Where(t => !string.IsNullOrWhiteSpace(t))];
        if (texts.Length == 0)
        {
            graph.Accept(call.Id, "", "stop", 0); // Nothing to read.
            return;
        }

        var prompt = call.Level == 0 ? summarizer.BuildMap(texts[0]) : summarizer.BuildReduce(texts);
        if (call.Level > 0 && prompt.TokenIds.Length + budget.OutputTokens > budget.ContextLength)
        {
            // Tokens of an answer that are no letters, such as half of a character, may be more when they are read again.
            _errors.Add((call.Level, call.Index), new GenerationError(
                ErrorCodes.ReduceNotConverging,
                $"{call.Id}: {texts.Length} partial summaries have {prompt.TokenIds.Length} tokens together, and with {budget.OutputTokens} for the answer that is more than the {budget.ContextLength} that fit. Lower --max-tokens."));
            return;
        }

        var request = new GenerationRequest
        {
            CustomId = $"{customId}/{call.Id}",
            PromptIds = prompt.TokenIds,
            ForkPosition = prompt.ForkPosition,
            ExpectsSharers = true,
            Sampling = call.Level == graph.Depth ? summarizer.Sampling : summarizer.Sampling with { TopLogprobs = null },
        };
        _open.Add(ask(request, call.Id), call);
    }

    private void Accept(SummaryGraph graph, SummaryCall call, GenerationResult result)
    {
        if (result.Error is { } error)
        {
            _errors.Add((call.Level, call.Index), error with { Message = $"{call.Id}: {error.Message}" });
            return;
        }

        _promptTokens += result.PromptTokens;
        _completionTokens += result.CompletionTokens;
        graph.Accept(call.Id, result.Text ?? "", result.FinishReason == FinishReason.Length ? "length" : "stop", result.CompletionTokens);
        if (call.Level == graph.Depth)
            _last = result;
    }

    private SummaryOutcome Fail(GenerationError error) => new(
        new GenerationResult { CustomId = customId, TokenIds = [], FinishReason = FinishReason.Error, PromptTokens = _promptTokens, CompletionTokens = _completionTokens, Error = error },
        null);
}

/// <summary>What came of a long document's summary.</summary>
/// <param name="Result">The last call's, with the tokens of all calls; or the error.</param>
/// <param name="Summary">How it came about; null for an error.</param>
internal sealed record SummaryOutcome(GenerationResult Result, SummaryResult? Summary);
