using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Prompts;

/// <summary>Turns a document and an instruction into the token ids of a prompt.</summary>
/// <remarks>
/// The user's message is the document, a blank line and the instruction, or the template with the document put in. White space at the document's end is dropped, so that the
/// blank line is one. The message goes through the model's chat template; a model without one gets it as it is, behind the bos token where the tokenizer asks for that.
/// The fork is the number of tokens that prompts of one document have in common for certain: the longest common prefix of the prompt's tokens and of the tokens of its text up
/// to the document's end. Where a template puts the document inside other text, requests of different documents share what stands before it, so there the fork is the document's start.
/// A special token's text inside a document or an instruction stays text.
/// </remarks>
public sealed class PromptBuilder(Tokenizer tokenizer, ChatTemplate? chatTemplate, PromptTask task)
{
    /// <summary>Builds the prompt of one of the task's instructions.</summary>
    /// <param name="document">The document's text, as read.</param>
    /// <param name="instructionIndex">Which instruction.</param>
    public Prompt Build(string document, int instructionIndex)
    {
        string text = Tokenizer.CleanDocument(document).TrimEnd();
        string instruction = Tokenizer.CleanDocument(task.Instructions[instructionIndex]);
        string message;
        int sharedLength;
        if (task.IsTemplate)
        {
            sharedLength = instruction.IndexOf(PromptTask.DocumentPlaceholder, StringComparison.Ordinal);
            message = instruction.Replace(PromptTask.DocumentPlaceholder, text, StringComparison.Ordinal);
        }
        else
        {
            sharedLength = text.Length;
            message = $"{text}\n\n{instruction}";
        }

        string rendered = chatTemplate?.Render([new ChatMessage("user", message)]) ?? tokenizer.PromptStart + message;
        return Prompt.Encode(tokenizer, rendered, SharedEnd(rendered, message, sharedLength));
    }

    /// <summary>Finds where the shared part ends in the rendered text; templates may trim the message.</summary>
    private static int SharedEnd(string rendered, string message, int sharedLength)
    {
        int trimmed = message.Length - message.TrimStart().Length;
        int start = rendered.LastIndexOf(message.Trim(), StringComparison.Ordinal);
        return start < 0 ? 0 : start + Math.Max(0, sharedLength - trimmed);
    }
}
