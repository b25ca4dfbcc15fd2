using MixAttention.Engine;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tracing;

/// <summary>One call to the engine: a sequence, from the moment that it was handed in to its last token.</summary>
internal sealed record CallSpan
{
    /// <summary>Gets the request's place in input order.</summary>
    public required int Row { get; init; }

    /// <summary>Gets the request's name.</summary>
    public required string CustomId { get; init; }

    /// <summary>Gets the call's name among those of the request; null where it is the only one.</summary>
    public string? CallId { get; init; }

    public required DateTimeOffset SubmittedAt { get; init; }

    public required GenerationTimings Timings { get; init; }

    public int PromptTokens { get; init; }

    public int CachedPromptTokens { get; init; }

    public int CompletionTokens { get; init; }

    public long KvBytes { get; init; }

    public PrefillWork Prefill { get; init; }

    /// <summary>Gets why it ended: stop, length, cancelled or error.</summary>
    public required string FinishReason { get; init; }

    public string? ErrorCode { get; init; }

    /// <summary>Gets when its first chunk ran.</summary>
    public DateTimeOffset RunAt => SubmittedAt + Timings.Queued;

    public DateTimeOffset EndedAt => SubmittedAt + Timings.Total;

    /// <summary>Makes the span of a call that has ended.</summary>
    public static CallSpan Of(int row, string? callId, DateTimeOffset submittedAt, GenerationResult result) => new()
    {
        Row = row,
        CustomId = result.CustomId,
        CallId = callId,
        SubmittedAt = submittedAt,
        Timings = result.Timings,
        PromptTokens = result.PromptTokens,
        CachedPromptTokens = result.CachedPromptTokens,
        CompletionTokens = result.CompletionTokens,
        KvBytes = result.KvBytes,
        Prefill = result.Prefill,
        FinishReason = result.FinishReason switch
        {
            Engine.FinishReason.Stop => "stop",
            Engine.FinishReason.Length => "length",
            Engine.FinishReason.Cancelled => "cancelled",
            _ => "error",
        },
        ErrorCode = result.Error?.Code,
    };

    /// <summary>Writes the span.</summary>
    /// <param name="document">The place of the span around it.</param>
    /// <param name="operation">The name that the conventions have for what is asked: chat or text_completion.</param>
    /// <param name="model">The model's served name.</param>
    /// <param name="sampling">How tokens were chosen.</param>
    public OtlpSpan ToSpan(SpanPlace document, string operation, string model, SamplingParams sampling)
    {
        var place = document.Inside($"call {CallId}");
        int computed = PromptTokens - CachedPromptTokens;
        var attributes = new OtlpAttributes
        {
            { TraceNames.OperationName, operation },
            { TraceNames.ProviderName, TraceNames.Product },
            { TraceNames.RequestModel, model },
            { TraceNames.RequestMaxTokens, sampling.MaxTokens },
            { TraceNames.RequestTemperature, sampling.Temperature },
            { TraceNames.RequestTopP, sampling.TopP },
            { TraceNames.RequestTopK, sampling.TopK },
            { TraceNames.RequestSeed, sampling.Seed },
            { TraceNames.FinishReasons, [FinishReason] },
            { TraceNames.TimeToFirstToken, Timings.FirstToken },
            { TraceNames.InputTokens, PromptTokens },
            { TraceNames.CachedTokens, CachedPromptTokens },
            { TraceNames.OutputTokens, CompletionTokens },
            { TraceNames.Row, Row },
            { TraceNames.CustomId, CustomId },
            { TraceNames.CallId, CallId },
            { TraceNames.QueueTime, Timings.Queued },
            { TraceNames.PrefillTime, Timings.Prefill },
            { TraceNames.DecodeTime, Timings.Decode },
            { TraceNames.KvBytes, KvBytes },
            { TraceNames.IsPrefixHit, CachedPromptTokens > 0 },
            { TraceNames.PrefillFlops, Prefill.Flops },
            { TraceNames.PrefillFlopsSaved, Prefill.FlopsSaved },
            { TraceNames.LayersSkipped, computed == 0 ? 0.0 : (double)Prefill.SkippedRows / computed },
            { TraceNames.ErrorType, ErrorCode },
        };
        return new OtlpSpan
        {
            TraceId = place.TraceId,
            SpanId = place.SpanId,
            ParentSpanId = place.ParentSpanId,
            Name = $"{operation} {model}",
            StartTimeUnixNano = OtlpTime.Nanoseconds(SubmittedAt),
            EndTimeUnixNano = OtlpTime.Nanoseconds(EndedAt),
            Attributes = attributes,
            Status = OtlpStatus.Of(ErrorCode),
        };
    }

    /// <summary>Reads a span.</summary>
    public static CallSpan Of(OtlpSpan span)
    {
        var attributes = span.Attributes;
        var queued = attributes.Seconds(TraceNames.QueueTime);
        var firstToken = queued + attributes.Seconds(TraceNames.PrefillTime);
        return new CallSpan
        {
            Row = (int)attributes.Integer(TraceNames.Row),
            CustomId = attributes.Text(TraceNames.CustomId) ?? "",
            CallId = attributes.Text(TraceNames.CallId),
            SubmittedAt = span.StartedAt,
            Timings = new GenerationTimings(queued, firstToken, firstToken + attributes.Seconds(TraceNames.DecodeTime)),
            PromptTokens = (int)attributes.Integer(TraceNames.InputTokens),
            CachedPromptTokens = (int)attributes.Integer(TraceNames.CachedTokens),
            CompletionTokens = (int)attributes.Integer(TraceNames.OutputTokens),
            KvBytes = attributes.Integer(TraceNames.KvBytes),
            Prefill = new PrefillWork(attributes.Number(TraceNames.PrefillFlops), attributes.Number(TraceNames.PrefillFlopsSaved), 0),
            FinishReason = attributes.First(TraceNames.FinishReasons) ?? "",
            ErrorCode = attributes.Text(TraceNames.ErrorType),
        };
    }
}
