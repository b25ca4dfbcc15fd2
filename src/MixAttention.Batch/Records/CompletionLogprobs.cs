using System.Text.Json.Serialization;

namespace MixAttention.Batch.Records;

/// <summary>Log-probabilities of an answer, one entry per token, in the shape of its endpoint: <see cref="Content"/> for chat, the four lists for a continued text.</summary>
public sealed record CompletionLogprobs
{
    /// <summary>Gets a chat's tokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ChatTokenLogprob>? Content { get; init; }

    /// <summary>Gets where each token begins in the text, in characters (code points) of the tokens' texts.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? TextOffset { get; init; }

    /// <summary>Gets each token's log-probability.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? TokenLogprobs { get; init; }

    /// <summary>Gets each token's text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Tokens { get; init; }

    /// <summary>Gets the most likely tokens in each token's place, best first, and the token itself.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyDictionary<string, double>>? TopLogprobs { get; init; }
}

/// <summary>A token's log-probability and the most likely tokens in its place.</summary>
public sealed record ChatTokenLogprob(string Token, double Logprob, IReadOnlyList<int>? Bytes, IReadOnlyList<ChatTopLogprob> TopLogprobs);

/// <summary>One of the most likely tokens.</summary>
public sealed record ChatTopLogprob(string Token, double Logprob, IReadOnlyList<int>? Bytes);
