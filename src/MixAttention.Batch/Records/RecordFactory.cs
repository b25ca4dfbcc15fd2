using System.Security.Cryptography;
using System.Text;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Summaries;
using MixAttention.Engine;

namespace MixAttention.Batch.Records;

/// <summary>Makes the record of a request, the same bytes for the same request whenever and wherever it ran.</summary>
/// <param name="fingerprint">What results depend on besides the document.</param>
/// <param name="instructions">What is asked, by index; part of a request's digest.</param>
/// <param name="modelName">The model's name in results.</param>
/// <param name="created">Seconds since 1970, equal in all records of a job.</param>
/// <param name="decodeToken">Turns one token into text, for log-probabilities.</param>
public sealed class RecordFactory(string fingerprint, IReadOnlyList<string> instructions, string modelName, long created, Func<int, string> decodeToken)
{
    private readonly LogprobsFormat _logprobs = new(decodeToken);

    /// <summary>Makes the success of a document's request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="documentSha256">Digest of the document's bytes as read.</param>
    /// <param name="result">What came of it.</param>
    /// <param name="summary">How a summary of several calls came about; null for any other result.</param>
    public ResultRecord Success(BatchRequest request, string? documentSha256, GenerationResult result, SummaryResult? summary = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Success(Key(request, documentSha256), request.CustomId, BatchEndpoint.ChatCompletions, result, Extension(request, documentSha256, request.TextPath) with { Summary = summary });
    }

    /// <summary>Makes the failure of a document's request.</summary>
    public ResultRecord Failure(BatchRequest request, string? documentSha256, GenerationError error)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Failure(Key(request, documentSha256), request.CustomId, error, Extension(request, documentSha256, null));
    }

    /// <summary>Makes the success of a batch file's request.</summary>
    /// <param name="row">Its place in input order, from 0.</param>
    /// <param name="request">The request; it has content.</param>
    public ResultRecord Success(int row, ParsedRow<BatchRow> request, GenerationResult result)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Content is not { } content)
            throw new ArgumentException($"Request {request.Id} has no content and so no success.", nameof(request));
        return Success(Key(request), content.CustomId, content.Endpoint, result, Extension(row, request));
    }

    /// <summary>Makes the failure of a batch file's request.</summary>
    /// <param name="row">Its place in input order, from 0.</param>
    /// <param name="request">The request; it has an id.</param>
    public ResultRecord Failure(int row, ParsedRow<BatchRow> request, GenerationError error)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Failure(Key(request), request.Id!, error, Extension(row, request)); // Without an id the file fails and no record is made.
    }

    private ResultRecord Success(string key, string customId, BatchEndpoint endpoint, GenerationResult result, ResultExtension extension)
    {
        ArgumentNullException.ThrowIfNull(result);
        bool isChat = endpoint == BatchEndpoint.ChatCompletions;
        string text = result.Text ?? "";
        var choice = new CompletionChoice(0, isChat ? new ChatAnswer("assistant", text) : null, result.FinishReason == FinishReason.Stop ? "stop" : "length")
        {
            Text = isChat ? null : text,
            Logprobs = result.Logprobs is { } logprobs ? isChat ? _logprobs.Chat(logprobs) : _logprobs.Text(logprobs) : null,
        };
        var usage = new CompletionUsage(result.PromptTokens, result.CompletionTokens, result.PromptTokens + result.CompletionTokens);
        var body = new Completion((isChat ? "chatcmpl-" : "cmpl-") + key, isChat ? "chat.completion" : "text_completion", created, modelName, [choice], usage);
        return new ResultRecord("res_" + key, customId, new ResultResponse(200, "req_" + key, body), null, extension);
    }

    private static ResultRecord Failure(string key, string customId, GenerationError error, ResultExtension extension)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new ResultRecord("res_" + key, customId, null, new ResultError(error.Code, error.Message), extension);
    }

    private ResultExtension Extension(BatchRequest request, string? documentSha256, string? textPath) => new(request.Row, documentSha256, fingerprint, null, textPath);

    private ResultExtension Extension(int row, ParsedRow<BatchRow> request) => new(row, null, fingerprint, null, null) { RequestSha256 = request.Sha256 };

    private string Key(BatchRequest request, string? documentSha256) => Key(request.CustomId, documentSha256 ?? "", instructions[request.InstructionIndex], fingerprint);

    private string Key(ParsedRow<BatchRow> request) => Key(request.Id ?? "", request.Sha256 ?? "", fingerprint);

    /// <summary>Derives the ids from custom_id, request digest and fingerprint; the parts are digested first, so that none can run into the next.</summary>
    private static string Key(params string[] parts)
    {
        string digests = string.Join(' ', parts.Select(part => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(part)))));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(digests)))[..32];
    }
}
