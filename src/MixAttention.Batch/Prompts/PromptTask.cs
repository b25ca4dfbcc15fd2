using System.Text.Json.Serialization;

namespace MixAttention.Batch.Prompts;

/// <summary>Says what is asked about every document: one or more instructions, or a whole template.</summary>
/// <param name="Kind">Its name in fingerprints: summarize, question, instruction, template or rows.</param>
/// <param name="Instructions">Texts placed after the document, one request each; for a template the template itself; none for rows.</param>
public sealed record PromptTask(string Kind, IReadOnlyList<string> Instructions)
{
    /// <summary>What a template writes where the document goes.</summary>
    public const string DocumentPlaceholder = "{{document}}";

    /// <summary>Gets the default task.</summary>
    public static PromptTask Summarize { get; } = new("summarize", ["Summarize the document."]);

    /// <summary>Gets the task of a batch file, whose rows say themselves what is asked.</summary>
    public static PromptTask Rows { get; } = new("rows", []);

    /// <summary>Gets the most tokens of prompt and answer in one call of a summary; null for what the model takes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextTokens { get; init; }

    /// <summary>Gets whether documents are summarized, long ones in parts.</summary>
    [JsonIgnore]
    public bool IsSummary => Kind == Summarize.Kind;

    /// <summary>Gets whether the user's message is the template with the document put in.</summary>
    [JsonIgnore]
    public bool IsTemplate => Kind == "template";

    /// <summary>Gets whether its prompts have their tokens before the fork in common: those of one document, or of all documents.</summary>
    [JsonIgnore]
    public bool SharesPrefixes => IsTemplate || Instructions.Count > 1;

    /// <summary>Creates the task that asks questions, one request each.</summary>
    public static PromptTask Ask(IReadOnlyList<string> questions) => new("question", questions);

    /// <summary>Creates the task of a prompt: a template if it says where the document goes, else an instruction that follows the document.</summary>
    public static PromptTask FromPrompt(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return new(prompt.Contains(DocumentPlaceholder, StringComparison.Ordinal) ? "template" : "instruction", [prompt]);
    }
}
