namespace MixAttention.Batch.Summaries;

/// <summary>Divides a model's context among the parts of a summary's prompts, in tokens.</summary>
/// <param name="ContextLength">The most that prompt and answer may have together.</param>
/// <param name="OutputTokens">The most that an answer may have: of a partial summary as of the last one.</param>
/// <param name="TemplateTokens">What a prompt has besides the text to summarize: chat template and instruction.</param>
/// <param name="SeparatorTokens">What stands between two partial summaries in a prompt; 2 unless given.</param>
public sealed record SummaryBudget(int ContextLength, int OutputTokens, int TemplateTokens, int SeparatorTokens = 2)
{
    /// <summary>Gets what is left for the text to summarize; a document of no more needs one call.</summary>
    public int Room => ContextLength - OutputTokens - TemplateTokens;

    /// <summary>Gets how many partial summaries fit into one prompt, however long they turn out; less than 2 when they cannot be joined.</summary>
    public int FanIn => Math.Max(0, Room / (OutputTokens + SeparatorTokens));
}
