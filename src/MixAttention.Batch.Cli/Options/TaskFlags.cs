using System.CommandLine;
using MixAttention.Batch.Prompts;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The options that say what is asked about every document: a task, a prompt or questions.</summary>
internal sealed class TaskFlags
{
    private readonly Option<string?> _task = Parsing.OneOf("--task", "What to do with every document; summarize is the default.", null, "summarize", "summarize");
    private readonly Option<string?> _prompt = new("--prompt")
    {
        Description = $"An instruction that follows the document; or, with {PromptTask.DocumentPlaceholder} in it, the whole user message.",
        HelpName = "TEXT",
    };

    private readonly Option<string[]> _questions = Parsing.Many("--question", "A question about every document; may be repeated, and each is a request of its own: custom_id NAME, NAME#q2, NAME#q3.", "TEXT");

    private readonly Option<int?> _summaryContext = Parsing.OptionalInteger("--summary-context", "Most tokens of prompt and answer in one call of a summary; longer documents are summarized in parts. What the model takes unless given.", 64);

    public void AddTo(CheckedCommand command)
    {
        command.Add(_task);
        command.Add(_prompt);
        command.Add(_questions);
        command.Add(_summaryContext);
        command.Checks.Add(result => ListGiven(result) is { Count: > 1 } given ? $"{string.Join(" and ", given)} exclude each other. Give one of them." : null);
        command.Checks.Add(result => CheckedCommand.IsGiven(result, _summaryContext) && (CheckedCommand.IsGiven(result, _prompt) || CheckedCommand.IsGiven(result, _questions))
            ? "--summary-context is for summaries. Leave it out with --prompt and --question."
            : null);
        foreach (Option option in (Option[])[_prompt, _questions])
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.Any(t => string.IsNullOrWhiteSpace(t.Value)))
                    result.AddError($"{option.Name} is empty. Say what is to be done with a document.");
            });
        }
    }

    /// <summary>Finds the option that was given.</summary>
    /// <returns>Its name; null when none was.</returns>
    public string? FindGiven(ParseResult result) => ListGiven(result).FirstOrDefault();

    public PromptTask Read(ParseResult result) =>
        result.GetValue(_questions) is { Length: > 0 } questions ? PromptTask.Ask(questions)
        : result.GetValue(_prompt) is { } prompt ? PromptTask.FromPrompt(prompt)
        : PromptTask.Summarize with { ContextTokens = result.GetValue(_summaryContext) };

    private List<string> ListGiven(ParseResult result)
    {
        Option[] options = [_task, _prompt, _questions];
        return [.. options.Where(o => CheckedCommand.IsGiven(result, o)).Select(o => o.Name)];
    }
}
