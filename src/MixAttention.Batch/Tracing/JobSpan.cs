using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Tracing;

/// <summary>A whole job, from its submission until its results were whole: what the spans of its shards link to.</summary>
internal static class JobSpan
{
    /// <summary>Writes the span of a job that is finished.</summary>
    public static OtlpSpan Of(JobManifest manifest, CommittedMarker marker)
    {
        var place = SpanPlace.OfJob(manifest.JobId);
        return new OtlpSpan
        {
            TraceId = place.TraceId,
            SpanId = place.SpanId,
            Name = TraceNames.JobSpan,
            StartTimeUnixNano = OtlpTime.Nanoseconds(manifest.CreatedAt),
            EndTimeUnixNano = OtlpTime.Nanoseconds(marker.CompletedAt),
            Attributes = new OtlpAttributes
            {
                { TraceNames.JobId, manifest.JobId },
                { TraceNames.RequestModel, manifest.ModelName },
                { TraceNames.Succeeded, marker.Succeeded },
                { TraceNames.Failed, marker.Failed },
                { TraceNames.InputTokens, marker.PromptTokens },
                { TraceNames.OutputTokens, marker.CompletionTokens },
                { TraceNames.EndReason, marker.Ended?.ToString().ToLowerInvariant() },
            },
        };
    }
}
