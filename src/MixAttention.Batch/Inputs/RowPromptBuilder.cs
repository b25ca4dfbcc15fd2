using MixAttention.Batch.Prompts;
using MixAttention.Batch.Records;
using MixAttention.Engine;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Inputs;

/// <summary>Turns a request of an OpenAI batch file into the token ids of its prompt. Safe for concurrent use.</summary>
/// <remarks>
/// A conversation goes through the model's chat template and ends where the assistant begins to answer; a text to continue is taken as it is, behind the bos token where the
/// tokenizer asks for that. Special tokens named in either stay text.
/// The fork of a conversation is the last token boundary before the first character that depends on its last user message, so that requests with the same system message, or
/// with the same conversation up to their question, share what stands before. A conversation that begins with its last user message has nothing to share, nor has a text: fork 0.
/// </remarks>
/// <param name="tokenizer">Stays the caller's to dispose.</param>
/// <param name="chatTemplate">Null for models without one, which take texts only.</param>
/// <param name="maxSequenceLength">The model's context in tokens.</param>
public sealed class RowPromptBuilder(Tokenizer tokenizer, ChatTemplate? chatTemplate, int maxSequenceLength)
{
    /// <summary>Builds the prompt of a request. What is wrong with it is an answer, never an exception.</summary>
    public RowPrompt Build(BatchRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        Prompt prompt;
        try
        {
            prompt = row switch
            {
                { Endpoint: BatchEndpoint.ChatCompletions } => BuildChat(row.Messages),
                { PromptIds: { } ids } => new Prompt([.. ids], 0),
                _ => new Prompt(tokenizer.Encode(tokenizer.PromptStart + Tokenizer.CleanDocument(row.PromptText ?? "")), 0),
            };
        }
        catch (ChatTemplateException e)
        {
            return new RowPrompt(null, row.Sampling, new GenerationError(ErrorCodes.InvalidRequest, e.Message));
        }

        int room = maxSequenceLength - prompt.TokenIds.Length;
        var sampling = row.TakesRestOfContext ? row.Sampling with { MaxTokens = Math.Max(1, room) } : row.Sampling;
        return ContextLength.Check(prompt.TokenIds.Length, sampling.MaxTokens, maxSequenceLength) is { } error
            ? new RowPrompt(null, sampling, error)
            : new RowPrompt(prompt, sampling, null);
    }

    private Prompt BuildChat(IReadOnlyList<ChatMessage> messages)
    {
        if (chatTemplate is null)
            throw new ChatTemplateException("The model has no chat template. Write the whole prompt as text and send it to /v1/completions.");
        string rendered = chatTemplate.Render(messages);
        int last = messages.Count - 1;
        while (last > 0 && messages[last].Role != "user")
            last--;
        if (last == 0)
            return new Prompt(tokenizer.Encode(rendered), 0);

        // Where another message in its place makes another text, the last user message begins to matter. The probe begins as no message does.
        string probe = messages[last].Content.Contains('\uFDD2', StringComparison.Ordinal) ? "\uFDD3" : "\uFDD2";
        string probed = chatTemplate.Render([.. messages.Take(last), new ChatMessage("user", probe), .. messages.Skip(last + 1)]);
        return Prompt.Encode(tokenizer, rendered, rendered.AsSpan().CommonPrefixLength(probed));
    }
}
