using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Prompts;

/// <summary>A prompt in token ids.</summary>
/// <param name="TokenIds">At least one.</param>
/// <param name="ForkPosition">Leading tokens that lie inside the part that requests may share.</param>
public sealed record Prompt(int[] TokenIds, int ForkPosition)
{
    /// <summary>Encodes a rendered prompt and places its fork.</summary>
    /// <param name="rendered">The prompt's text.</param>
    /// <param name="sharedLength">How much of the text requests may share. The fork is the last token boundary in it that is certain: where its own tokens leave the prompt's.</param>
    public static Prompt Encode(Tokenizer tokenizer, string rendered, int sharedLength)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(rendered);
        int[] ids = tokenizer.Encode(rendered);
        return new Prompt(ids, ids.AsSpan().CommonPrefixLength(tokenizer.Encode(rendered[..sharedLength])));
    }
}
