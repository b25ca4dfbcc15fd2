using System.Text.Json.Serialization;
using MixAttention.Batch.Summaries;

namespace MixAttention.Batch.Records;

/// <summary>One line of output.jsonl or errors.jsonl: the OpenAI batch envelope and one key of our own.</summary>
/// <remarks>Deterministic: no clock, host, attempt or random number. Exactly one of response and error is set.</remarks>
public sealed record ResultRecord(string Id, string CustomId, ResultResponse? Response, ResultError? Error, ResultExtension XBatch);

/// <summary>A success, as an HTTP answer would be.</summary>
public sealed record ResultResponse(int StatusCode, string RequestId, Completion Body);

/// <summary>A failure.</summary>
/// <param name="Code">One of <see cref="ErrorCodes"/> or of the engine's codes.</param>
/// <param name="Message">What was found, what is allowed and what to do.</param>
public sealed record ResultError(string Code, string Message);

/// <summary>What OpenAI's envelope has no place for.</summary>
/// <param name="Row">The request's place in input order, from 0.</param>
/// <param name="DocSha256">Digest of the document's bytes; null when they could not be read and where the input was no document.</param>
/// <param name="Fingerprint">Digest of everything that the result depends on besides the document.</param>
/// <param name="DedupedFrom">The equal request whose result this is; null when it was computed.</param>
/// <param name="Text">The answer's file below the output folder; null for a failure and where the input was no document.</param>
public sealed record ResultExtension(int Row, string? DocSha256, string Fingerprint, string? DedupedFrom, string? Text)
{
    /// <summary>Gets the digest of a batch file's line without its custom_id; left out for documents.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RequestSha256 { get; init; }

    /// <summary>Gets how a summary of several calls came about; left out of all other results.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SummaryResult? Summary { get; init; }
}

/// <summary>OpenAI's chat.completion or text_completion object.</summary>
public sealed record Completion(
    string Id, [property: JsonPropertyName("object")] string Kind, long Created, string Model, IReadOnlyList<CompletionChoice> Choices, CompletionUsage Usage);

/// <summary>One answer; a request has one.</summary>
/// <param name="Message">A chat's answer; left out of a text_completion.</param>
public sealed record CompletionChoice(int Index, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatAnswer? Message, string FinishReason)
{
    /// <summary>Gets the continuation of a text; left out of a chat.completion.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    /// <summary>Gets the log-probabilities; left out unless asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CompletionLogprobs? Logprobs { get; init; }
}

/// <summary>A chat's answer.</summary>
public sealed record ChatAnswer(string Role, string Content);

/// <summary>Tokens that went in and came out.</summary>
public sealed record CompletionUsage(int PromptTokens, int CompletionTokens, int TotalTokens);
