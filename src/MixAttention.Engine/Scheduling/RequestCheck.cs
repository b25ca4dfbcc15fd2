using MixAttention.Engine.KvCache;
using MixAttention.Engine.Sampling;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Scheduling;

/// <summary>Tells whether a request can run at all, before it waits for anything.</summary>
/// <param name="hasTokenizer">Whether the engine makes text, so that stop strings can be found.</param>
internal sealed class RequestCheck(int vocabularySize, int maxSequenceLength, KvGeometry geometry, long arenaElements, bool hasTokenizer)
{
    private const int MaxStops = 16;
    private const int MaxTopLogprobs = 20;

    /// <summary>Checks a request.</summary>
    /// <returns>Why it cannot run, with every problem of its parameters; null when it can.</returns>
    public GenerationError? Check(GenerationRequest request)
    {
        List<string> problems = [.. PromptProblems(request), .. SamplingProblems(request.Sampling)];
        if (problems.Count > 0)
            return new GenerationError("invalid_request", string.Join(" ", problems));

        int prompt = request.PromptIds.Length, answer = request.Sampling.MaxTokens;
        if (ContextLength.Check(prompt, answer, maxSequenceLength) is { } tooLong)
            return tooLong;

        long needed = geometry.Bytes(prompt + answer), available = arenaElements * geometry.BytesPerElement;
        if (needed > available)
            return new GenerationError("token_budget_exceeded", $"The request needs {needed} bytes of KV memory for {prompt} prompt tokens and max_tokens {answer}; the whole budget is {available} bytes. " +
                $"Give --memory {ByteSize.RoundUpToOption(needed)} or more, shorten the document, or lower max_tokens.");
        return null;
    }

    private IEnumerable<string> PromptProblems(GenerationRequest request)
    {
        int length = request.PromptIds.Length;
        if (length == 0)
            yield return "The prompt is empty. Give at least one token.";
        int bad = request.PromptIds.Span.IndexOfAnyExceptInRange(0, vocabularySize - 1);
        if (bad >= 0)
            yield return $"Prompt token {bad} is {request.PromptIds.Span[bad]}; the vocabulary has ids 0 to {vocabularySize - 1}. Use the model's own tokenizer.";
        if (request.ForkPosition < 0 || request.ForkPosition > length)
            yield return $"The fork position is {request.ForkPosition}; it must lie between 0 and the prompt's {length} tokens.";
    }

    private IEnumerable<string> SamplingProblems(SamplingParams parameters)
    {
        if (parameters.MaxTokens < 1)
            yield return $"max_tokens is {parameters.MaxTokens}; give 1 or more.";
        if (!(parameters.Temperature >= 0 && double.IsFinite(parameters.Temperature)))
            yield return $"temperature is {parameters.Temperature}; give 0 (greedy) or more.";
        if (parameters.TopK < 0)
            yield return $"top_k is {parameters.TopK}; give 0 (all) or more.";
        if (!(parameters.TopP is > 0 and <= 1))
            yield return $"top_p is {parameters.TopP}; give more than 0 and at most 1.";
        if (!(parameters.MinP is >= 0 and <= 1))
            yield return $"min_p is {parameters.MinP}; give 0 to 1.";
        if (!(parameters.RepetitionPenalty > 0 && double.IsFinite(parameters.RepetitionPenalty)))
            yield return $"repetition_penalty is {parameters.RepetitionPenalty}; give more than 0 (1 for none).";
        if (!(parameters.PresencePenalty is >= -2 and <= 2))
            yield return $"presence_penalty is {parameters.PresencePenalty}; give -2 to 2.";
        if (!(parameters.FrequencyPenalty is >= -2 and <= 2))
            yield return $"frequency_penalty is {parameters.FrequencyPenalty}; give -2 to 2.";
        if (parameters.TopLogprobs is < 0 or > MaxTopLogprobs)
            yield return $"top_logprobs is {parameters.TopLogprobs}; give 0 to {MaxTopLogprobs}.";
        if (parameters.Stop.Count > MaxStops)
            yield return $"stop has {parameters.Stop.Count} texts; give at most {MaxStops}.";
        if (parameters.Stop.Any(string.IsNullOrEmpty))
            yield return "stop holds an empty text. Leave it out.";
        if (parameters.Stop.Count > 0 && !hasTokenizer)
            yield return "stop needs a tokenizer, and the engine runs without one. Use stop_token_ids.";
        foreach (int id in parameters.StopTokenIds.Where(id => !IsToken(id)))
            yield return $"stop_token_ids holds {id}; the vocabulary has ids 0 to {vocabularySize - 1}.";
        foreach (var (id, bias) in parameters.LogitBias)
        {
            if (!IsToken(id))
                yield return $"logit_bias names token {id}; the vocabulary has ids 0 to {vocabularySize - 1}.";
            if (!(bias is >= -100 and <= 100))
                yield return $"logit_bias of token {id} is {bias}; give -100 to 100.";
        }
    }

    private bool IsToken(int id) => (uint)id < (uint)vocabularySize;
}
