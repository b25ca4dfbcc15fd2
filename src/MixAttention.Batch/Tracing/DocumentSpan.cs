using MixAttention.Batch.Records;

namespace MixAttention.Batch.Tracing;

/// <summary>One request about a document, or one row of a batch file, with all calls that it needed.</summary>
/// <param name="Request">The request.</param>
/// <param name="ErrorCode">Why it failed; null for a success, and where it has not ended.</param>
/// <param name="StartedAt">When its first call was handed in.</param>
/// <param name="EndedAt">When its last call ended.</param>
internal sealed record DocumentSpan(BatchRequest Request, string? ErrorCode, DateTimeOffset StartedAt, DateTimeOffset EndedAt)
{
    /// <summary>Gets the place of the span inside that of its shard.</summary>
    public SpanPlace PlaceIn(SpanPlace shard) => shard.Inside($"row {Request.Row}");

    /// <summary>Writes the span. The document is named, its text is not written.</summary>
    public OtlpSpan ToSpan(SpanPlace shard)
    {
        var place = PlaceIn(shard);
        return new OtlpSpan
        {
            TraceId = place.TraceId,
            SpanId = place.SpanId,
            ParentSpanId = place.ParentSpanId,
            Name = TraceNames.DocumentSpan,
            StartTimeUnixNano = OtlpTime.Nanoseconds(StartedAt),
            EndTimeUnixNano = OtlpTime.Nanoseconds(EndedAt),
            Attributes = new OtlpAttributes
            {
                { TraceNames.Row, Request.Row },
                { TraceNames.CustomId, Request.CustomId },
                { TraceNames.DocumentBytes, Request.Document.ByteCount },
                { TraceNames.DocumentSha256, Request.Document.Sha256 },
                { TraceNames.ErrorType, ErrorCode },
            },
            Status = OtlpStatus.Of(ErrorCode),
        };
    }
}
