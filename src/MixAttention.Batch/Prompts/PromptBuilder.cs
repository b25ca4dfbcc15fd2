using System.Text.RegularExpressions;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Prompts;

/// <summary>Turns a document and an instruction into the token ids of a prompt.</summary>
/// <remarks>
/// The user's message is the document, a blank line and the instruction, or the template with the document put in. White space at the document's end is dropped, so that the
/// blank line is one. The message goes through the model's chat template; a model without one gets it as it is, behind the bos token where the tokenizer asks for that.
/// The fork is the number of tokens that prompts of one document have in common for certain: the longest common prefix of the prompt's tokens and of the tokens of its text up
/// to the document's end. Where a template puts the document inside other text, requests of different documents share what stands before it, so there the fork is the document's start.
/// Where documents have fields, <c>{{name}}</c> in an instruction or a template stands for one of them. What is filled in is not searched for further slots.
/// A special token's text inside a document, a field or an instruction stays text.
/// </remarks>
public sealed partial class PromptBuilder(Tokenizer tokenizer, ChatTemplate? chatTemplate, PromptTask task)
{
    private const string DocumentSlot = "document";

    /// <summary>Finds a field that an instruction names and a document does not have.</summary>
    /// <param name="fields">The document's fields; null when it has none, so that nothing but <c>{{document}}</c> is a slot.</param>
    /// <param name="instructionIndex">Which instruction.</param>
    /// <returns>Null when nothing is missing.</returns>
    public string? FindMissingField(IReadOnlyDictionary<string, string>? fields, int instructionIndex) => fields is null
        ? null
        : ListFields(task.Instructions[instructionIndex]).FirstOrDefault(name => !fields.ContainsKey(name));

    /// <summary>Lists the fields of documents that an instruction names.</summary>
    public static IEnumerable<string> ListFields(string instruction) => Slot().Matches(instruction).Select(NameOf).Where(name => name != DocumentSlot);

    /// <summary>Builds the prompt of one of the task's instructions.</summary>
    /// <param name="document">The document's text, as read.</param>
    /// <param name="instructionIndex">Which instruction.</param>
    /// <param name="fields">The document's fields; null when it has none. A slot of a field that it lacks stays as it is.</param>
    public Prompt Build(string document, int instructionIndex, IReadOnlyDictionary<string, string>? fields = null)
    {
        string text = Tokenizer.CleanDocument(document).TrimEnd();
        string instruction = Tokenizer.CleanDocument(task.Instructions[instructionIndex]);
        string message;
        int sharedLength;
        if (task.IsTemplate)
        {
            sharedLength = Slot().Matches(instruction).First(slot => fields is not null || NameOf(slot) == DocumentSlot).Index;
            message = Fill(instruction, text, fields);
        }
        else
        {
            sharedLength = text.Length;
            message = $"{text}\n\n{(fields is null ? instruction : Fill(instruction, null, fields))}";
        }

        string rendered = chatTemplate?.Render([new ChatMessage("user", message)]) ?? tokenizer.PromptStart + message;
        return Prompt.Encode(tokenizer, rendered, SharedEnd(rendered, message, sharedLength));
    }

    /// <summary>Fills all slots in one pass.</summary>
    private static string Fill(string instruction, string? document, IReadOnlyDictionary<string, string>? fields) => Slot().Replace(
        instruction,
        slot => NameOf(slot) == DocumentSlot ? document ?? slot.Value : fields?.GetValueOrDefault(NameOf(slot)) is { } value ? Tokenizer.CleanDocument(value) : slot.Value);

    private static string NameOf(Match slot) => slot.Groups[1].Value;

    /// <summary>Finds where the shared part ends in the rendered text; templates may trim the message.</summary>
    private static int SharedEnd(string rendered, string message, int sharedLength)
    {
        int trimmed = message.Length - message.TrimStart().Length;
        int start = rendered.LastIndexOf(message.Trim(), StringComparison.Ordinal);
        return start < 0 ? 0 : start + Math.Max(0, sharedLength - trimmed);
    }

    [GeneratedRegex(@"\{\{([^{}]+)\}\}", RegexOptions.CultureInvariant)]
    private static partial Regex Slot();
}
