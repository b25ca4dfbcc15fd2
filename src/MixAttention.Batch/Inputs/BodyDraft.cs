using MixAttention.Engine.Sampling;
using MixAttention.Model.ChatTemplates;

namespace MixAttention.Batch.Inputs;

/// <summary>A request's body while its fields are read.</summary>
internal sealed class BodyDraft(BodyDefaults defaults)
{
    public SamplingParams Sampling { get; set; } = defaults.Sampling;

    public IReadOnlyList<ChatMessage>? Messages { get; set; }

    public string? PromptText { get; set; }

    public IReadOnlyList<int>? PromptIds { get; set; }

    public int? MaxTokens { get; set; }

    /// <summary>Gets or sets the newer field of the same meaning, which wins.</summary>
    public int? MaxCompletionTokens { get; set; }

    public bool? ReportsLogprobs { get; set; }

    public int? TopLogprobs { get; set; }

    /// <summary>Makes the row of what was read.</summary>
    /// <param name="problems">Takes what only shows when all fields are read.</param>
    public BatchRow ToRow(string customId, BatchEndpoint endpoint, List<string> problems)
    {
        if (endpoint == BatchEndpoint.ChatCompletions && Messages is null)
            problems.Add("messages is missing. Give at least one message.");
        if (endpoint == BatchEndpoint.Completions && PromptText is null && PromptIds is null)
            problems.Add("prompt is missing. Give a text or an array of token ids.");
        if (TopLogprobs is not null && ReportsLogprobs != true)
            problems.Add("top_logprobs needs logprobs to be true. Set it, or leave both out.");

        int? maxTokens = MaxCompletionTokens ?? MaxTokens ?? defaults.MaxTokens ?? (endpoint == BatchEndpoint.Completions ? BodyDefaults.CompletionMaxTokens : null);
        int? topLogprobs = ReportsLogprobs switch
        {
            null => Sampling.TopLogprobs,
            false => null,
            true => TopLogprobs ?? 0,
        };
        return new BatchRow
        {
            CustomId = customId,
            Endpoint = endpoint,
            Messages = Messages ?? [],
            PromptText = PromptText,
            PromptIds = PromptIds,
            Sampling = Sampling with { MaxTokens = maxTokens ?? Sampling.MaxTokens, TopLogprobs = topLogprobs },
            TakesRestOfContext = maxTokens is null,
        };
    }
}
