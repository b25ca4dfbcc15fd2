namespace MixAttention.Engine;

/// <summary>Tells whether prompt and answer fit into a model's context.</summary>
public static class ContextLength
{
    /// <summary>Checks a request.</summary>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="maxTokens">The most tokens of the answer.</param>
    /// <param name="maxSequenceLength">Tokens that the model takes.</param>
    /// <returns>Why it does not fit; null when it does.</returns>
    public static GenerationError? Check(int promptTokens, int maxTokens, int maxSequenceLength)
    {
        long total = (long)promptTokens + maxTokens;
        return total <= maxSequenceLength ? null : new GenerationError(
            "context_length_exceeded",
            $"The prompt has {promptTokens} tokens and max_tokens is {maxTokens}, {total} together; the model takes at most {maxSequenceLength}, " +
            $"so the request is {total - maxSequenceLength} tokens too long. Shorten or split the document, or lower max_tokens.");
    }
}
