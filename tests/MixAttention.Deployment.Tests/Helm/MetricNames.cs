namespace MixAttention.Deployment.Tests.Helm;

/// <summary>The metrics that rules and dashboard may ask for, as Prometheus names them.</summary>
internal static class MetricNames
{
    public static readonly string[] All =
    [
        "mixbatch_requests_running",
        "mixbatch_requests_waiting",
        "mixbatch_kv_cache_usage_perc",
        "mixbatch_prompt_tokens_total",
        "mixbatch_generation_tokens_total",
        "mixbatch_recomputed_tokens_total",
        "mixbatch_documents_total",
        "mixbatch_resumed_documents_total",
        "mixbatch_deliveries_total",
        "mixbatch_lock_renewals_total",
        "mixbatch_lock_lost_total",
        "mixbatch_blob_requests_total",
        "mixbatch_dropped_spans_total",
        "mixbatch_checkpoint_seconds",
        "mixbatch_request_queue_time_seconds",
        "mixbatch_request_prefill_time_seconds",
        "mixbatch_request_decode_time_seconds",
    ];
}
