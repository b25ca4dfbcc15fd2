using MixAttention.Model.Tokenization;

namespace MixAttention.Engine.Sampling;

/// <summary>Turns one sequence's tokens into text as they come.</summary>
/// <param name="Append">Takes a token and gives the text it finished, possibly none; never half a character.</param>
/// <param name="Flush">Gives what is left at the end.</param>
internal readonly record struct TokenText(Func<int, string> Append, Func<string> Flush)
{
    /// <summary>Makes text with a tokenizer.</summary>
    public static TokenText Of(Tokenizer tokenizer)
    {
        var detokenizer = new IncrementalDetokenizer(tokenizer);
        return new TokenText(detokenizer.Append, detokenizer.Flush);
    }
}
