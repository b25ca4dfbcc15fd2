using System.Text.Json.Serialization;

namespace MixAttention.Batch.Records;

/// <summary>One line of output.jsonl or errors.jsonl: the OpenAI batch envelope and one key of our own.</summary>
/// <remarks>Deterministic: no clock, host, attempt or random number. Exactly one of response and error is set.</remarks>
public sealed record ResultRecord(string Id, string CustomId, ResultResponse? Response, ResultError? Error, ResultExtension XBatch);

/// <summary>A success, as an HTTP answer would be.</summary>
public sealed record ResultResponse(int StatusCode, string RequestId, ChatCompletion Body);

/// <summary>A failure.</summary>
/// <param name="Code">One of <see cref="ErrorCodes"/> or of the engine's codes.</param>
/// <param name="Message">What was found, what is allowed and what to do.</param>
public sealed record ResultError(string Code, string Message);

/// <summary>What OpenAI's envelope has no place for.</summary>
/// <param name="Row">The request's place in input order, from 0.</param>
/// <param name="DocSha256">Digest of the document's bytes; null when they could not be read.</param>
/// <param name="Fingerprint">Digest of everything that the result depends on besides the document.</param>
/// <param name="DedupedFrom">The equal request whose result this is; null when it was computed.</param>
/// <param name="Text">The answer's file below the output folder; null for a failure.</param>
public sealed record ResultExtension(int Row, string? DocSha256, string Fingerprint, string? DedupedFrom, string? Text);

/// <summary>OpenAI's chat.completion object.</summary>
public sealed record ChatCompletion(
    string Id, [property: JsonPropertyName("object")] string Kind, long Created, string Model, IReadOnlyList<ChatChoice> Choices, ChatUsage Usage);

/// <summary>One answer; a request has one.</summary>
public sealed record ChatChoice(int Index, ChatAnswer Message, string FinishReason)
{
    /// <summary>Gets the log-probabilities; left out unless asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatLogprobs? Logprobs { get; init; }
}

/// <summary>The answer's text.</summary>
public sealed record ChatAnswer(string Role, string Content);

/// <summary>Tokens that went in and came out.</summary>
public sealed record ChatUsage(int PromptTokens, int CompletionTokens, int TotalTokens);

/// <summary>Log-probabilities of an answer, one entry per token.</summary>
public sealed record ChatLogprobs(IReadOnlyList<ChatTokenLogprob> Content);

/// <summary>A token's log-probability and the most likely tokens in its place.</summary>
public sealed record ChatTokenLogprob(string Token, double Logprob, IReadOnlyList<int>? Bytes, IReadOnlyList<ChatTopLogprob> TopLogprobs);

/// <summary>One of the most likely tokens.</summary>
public sealed record ChatTopLogprob(string Token, double Logprob, IReadOnlyList<int>? Bytes);
