using System.Security.Cryptography;
using System.Text;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Records;

/// <summary>Makes the record of a request, the same bytes for the same request whenever and wherever it ran.</summary>
/// <param name="fingerprint">What results depend on besides the document.</param>
/// <param name="instructions">What is asked, by index; part of a request's digest.</param>
/// <param name="modelName">The model's name in results.</param>
/// <param name="created">Seconds since 1970, equal in all records of a job.</param>
/// <param name="decodeToken">Turns one token into text, for log-probabilities.</param>
public sealed class RecordFactory(string fingerprint, IReadOnlyList<string> instructions, string modelName, long created, Func<int, string> decodeToken)
{
    /// <summary>Makes a success.</summary>
    public ResultRecord Success(BatchRequest request, string? documentSha256, GenerationResult result)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(result);
        string key = Key(request, documentSha256);
        var choice = new ChatChoice(0, new ChatAnswer("assistant", result.Text ?? ""), result.FinishReason == FinishReason.Stop ? "stop" : "length")
        {
            Logprobs = result.Logprobs is { } logprobs ? new ChatLogprobs([.. logprobs.Select(Convert)]) : null,
        };
        var usage = new ChatUsage(result.PromptTokens, result.CompletionTokens, result.PromptTokens + result.CompletionTokens);
        var body = new ChatCompletion("chatcmpl-" + key, "chat.completion", created, modelName, [choice], usage);
        return new ResultRecord("res_" + key, request.CustomId, new ResultResponse(200, "req_" + key, body), null, Extension(request, documentSha256, request.TextPath));
    }

    /// <summary>Makes a failure.</summary>
    public ResultRecord Failure(BatchRequest request, string? documentSha256, GenerationError error)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(error);
        return new ResultRecord("res_" + Key(request, documentSha256), request.CustomId, null, new ResultError(error.Code, error.Message), Extension(request, documentSha256, null));
    }

    private ResultExtension Extension(BatchRequest request, string? documentSha256, string? textPath) => new(request.Row, documentSha256, fingerprint, null, textPath);

    /// <summary>Derives the ids from custom_id, request digest and fingerprint; the parts are digested first, so that none can run into the next.</summary>
    private string Key(BatchRequest request, string? documentSha256)
    {
        string digests = string.Join(' ', new[] { request.CustomId, documentSha256 ?? "", instructions[request.InstructionIndex], fingerprint }
            .Select(part => System.Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(part)))));
        return System.Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(digests)))[..32];
    }

    private ChatTokenLogprob Convert(TokenLogprobs position)
    {
        var (token, logprob, bytes) = Convert(position.Token);
        return new ChatTokenLogprob(token, logprob, bytes, [.. position.Top.Select(Convert)]);
    }

    private ChatTopLogprob Convert(TokenLogprob entry)
    {
        string token = decodeToken(entry.TokenId);

        // A token that is part of a character has no text of its own, and so no bytes that could be shown.
        bool isWhole = !token.Contains('\uFFFD', StringComparison.Ordinal);
        return new ChatTopLogprob(token, Math.Max(entry.Logprob, -9999), isWhole ? [.. Encoding.UTF8.GetBytes(token).Select(b => (int)b)] : null);
    }
}
