using System.Text.Json;

namespace MixAttention.Batch.Records;

/// <summary>A finished request as it is written: one line, and what must be known of it to put it in its place.</summary>
/// <param name="Row">The request's place in input order.</param>
/// <param name="Bytes">The line, without its end.</param>
/// <param name="ErrorCode">Why it failed; null for a success.</param>
/// <param name="PromptTokens">Tokens that went in; 0 for a failure.</param>
/// <param name="CompletionTokens">Tokens that came out; 0 for a failure.</param>
public sealed record ResultLine(int Row, ReadOnlyMemory<byte> Bytes, string? ErrorCode, int PromptTokens, int CompletionTokens)
{
    /// <summary>Gets whether the request failed.</summary>
    public bool IsFailure => ErrorCode is not null;

    /// <summary>Writes a record.</summary>
    public static ResultLine Of(ResultRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var usage = record.Response?.Body.Usage;
        return new ResultLine(record.XBatch.Row, RecordJson.Write(record), record.Error?.Code, usage?.PromptTokens ?? 0, usage?.CompletionTokens ?? 0);
    }

    /// <summary>Reads a line.</summary>
    /// <exception cref="JsonException">It is no result.</exception>
    public static ResultLine Parse(ReadOnlyMemory<byte> bytes)
    {
        var fields = JsonSerializer.Deserialize(bytes.Span, RecordJson.Default.ResultLineFields) ?? throw new JsonException("A result line is null.");
        var usage = fields.Response?.Body?.Usage;
        return new ResultLine(fields.XBatch.Row, bytes, fields.Error?.Code, usage?.PromptTokens ?? 0, usage?.CompletionTokens ?? 0);
    }
}

/// <summary>The fields of a result that are looked at; the others stay bytes.</summary>
internal sealed record ResultLineFields(ResponseFields? Response, ResultError? Error, ExtensionFields XBatch);

/// <summary>The fields of a response that are looked at.</summary>
internal sealed record ResponseFields(BodyFields? Body);

/// <summary>The fields of a response's body that are looked at.</summary>
internal sealed record BodyFields(UsageFields? Usage);

/// <summary>The fields of a usage that are looked at.</summary>
internal sealed record UsageFields(int PromptTokens, int CompletionTokens);

/// <summary>The fields of the extension that are looked at.</summary>
internal sealed record ExtensionFields(int Row);
