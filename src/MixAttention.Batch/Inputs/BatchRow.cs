using MixAttention.Engine.Sampling;
using MixAttention.Model.ChatTemplates;

namespace MixAttention.Batch.Inputs;

/// <summary>Where a request of an OpenAI batch file would be sent.</summary>
public enum BatchEndpoint
{
    /// <summary><c>/v1/chat/completions</c>.</summary>
    ChatCompletions,

    /// <summary><c>/v1/completions</c>.</summary>
    Completions,
}

/// <summary>A request of an OpenAI batch file.</summary>
public sealed record BatchRow
{
    /// <summary>Gets the request's name in results.</summary>
    public required string CustomId { get; init; }

    /// <summary>Gets where it would be sent, which is also the shape of its answer.</summary>
    public required BatchEndpoint Endpoint { get; init; }

    /// <summary>Gets the conversation, at least one message; empty for completions.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>Gets the text to continue; null for chat and for a prompt in ids.</summary>
    public string? PromptText { get; init; }

    /// <summary>Gets the token ids to continue, at least one; null for chat and for a prompt in text.</summary>
    public IReadOnlyList<int>? PromptIds { get; init; }

    /// <summary>Gets how tokens are chosen; its maximum of tokens counts only where <see cref="TakesRestOfContext"/> is false.</summary>
    public required SamplingParams Sampling { get; init; }

    /// <summary>Gets whether the answer may be as long as the prompt leaves room in the model's context: a chat that names no maximum.</summary>
    public required bool TakesRestOfContext { get; init; }
}

/// <summary>What holds for requests that do not say otherwise.</summary>
public sealed record BodyDefaults
{
    /// <summary>The most tokens of a completion that names no maximum, as OpenAI has it.</summary>
    public const int CompletionMaxTokens = 16;

    /// <summary>Gets how tokens are chosen; its maximum of tokens is not used.</summary>
    /// <value>As OpenAI's API: temperature 1, top_p 1, nothing else.</value>
    public SamplingParams Sampling { get; init; } = new() { Temperature = 1 };

    /// <summary>Gets the most tokens of an answer; null for OpenAI's: the rest of the context for chat, 16 for completions.</summary>
    public int? MaxTokens { get; init; }
}
