namespace MixAttention.Batch.Tracing;

/// <summary>Names everything in traces. No other file does.</summary>
/// <remarks>What the conventions of OpenTelemetry have a name for has that name; the rest is ours and begins with <c>mixattention</c>. Times are in seconds, sizes in bytes.</remarks>
internal static class TraceNames
{
    /// <summary>The version of the conventions that the names are from.</summary>
    public const string SchemaUrl = "https://opentelemetry.io/schemas/1.37.0";

    /// <summary>The product, as service, library and provider of the model.</summary>
    public const string Product = "mixattention";

    public const string JobSpan = "job";
    public const string ShardSpan = "process shard";
    public const string DocumentSpan = "document";
    public const string StepSpan = "step";
    public const string EngineEvent = "engine";

    public const string ServiceName = "service.name";
    public const string ServiceInstanceId = "service.instance.id";
    public const string ServiceVersion = "service.version";
    public const string ErrorType = "error.type";

    public const string MessagingSystem = "messaging.system";
    public const string MessagingOperationName = "messaging.operation.name";
    public const string MessagingOperationType = "messaging.operation.type";
    public const string MessageId = "messaging.message.id";
    public const string ConversationId = "messaging.message.conversation_id";

    public const string OperationName = "gen_ai.operation.name";
    public const string ProviderName = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string RequestMaxTokens = "gen_ai.request.max_tokens";
    public const string RequestTemperature = "gen_ai.request.temperature";
    public const string RequestTopP = "gen_ai.request.top_p";
    public const string RequestTopK = "gen_ai.request.top_k";
    public const string RequestSeed = "gen_ai.request.seed";
    public const string FinishReasons = "gen_ai.response.finish_reasons";
    public const string TimeToFirstToken = "gen_ai.response.time_to_first_chunk";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";
    public const string CachedTokens = "gen_ai.usage.cache_read.input_tokens";

    public const string JobId = "mixattention.job.id";
    public const string Shard = "mixattention.shard";
    public const string Generation = "mixattention.shard.generation";
    public const string Rows = "mixattention.shard.rows";
    public const string ResumedRows = "mixattention.shard.resumed_rows";
    public const string IsWhole = "mixattention.shard.is_whole";
    public const string DeliveryCount = "mixattention.message.delivery_count";
    public const string EnqueuedTime = "mixattention.message.enqueued_time";
    public const string MaxSequences = "mixattention.max_sequences";
    public const string KvBudget = "mixattention.kv.budget";
    public const string NumericsVersion = "mixattention.numerics_version";
    public const string StepsDropped = "mixattention.steps_dropped";

    public const string Row = "mixattention.row";
    public const string CustomId = "mixattention.custom_id";
    public const string CallId = "mixattention.call_id";
    public const string DocumentBytes = "mixattention.document.size";
    public const string DocumentSha256 = "mixattention.document.sha256";
    public const string QueueTime = "mixattention.queue.duration";
    public const string PrefillTime = "mixattention.prefill.duration";
    public const string DecodeTime = "mixattention.decode.duration";
    public const string KvBytes = "mixattention.kv.reserved";
    public const string PrefillFlops = "mixattention.prefill.operations";
    public const string PrefillFlopsSaved = "mixattention.prefill.operations_saved";
    public const string LayersSkipped = "mixattention.prefill.layers_skipped";
    public const string IsPrefixHit = "mixattention.prefix.is_hit";

    public const string Steps = "mixattention.steps";
    public const string Duration = "mixattention.duration";
    public const string ModelTime = "mixattention.model.duration";
    public const string OtherTime = "mixattention.engine.duration";
    public const string MixedTime = "mixattention.mixed.duration";
    public const string PromptTokens = "mixattention.prompt.tokens";
    public const string DecodeTokens = "mixattention.decode.tokens";
    public const string CompletionTokens = "mixattention.completion.tokens";
    public const string SequencesRunning = "mixattention.sequences.running";
    public const string SequencesWaiting = "mixattention.sequences.waiting";
    public const string PeakSequences = "mixattention.sequences.peak";
    public const string KvUsed = "mixattention.kv.used";
    public const string KvPeak = "mixattention.kv.peak";

    public const string Succeeded = "mixattention.job.succeeded";
    public const string Failed = "mixattention.job.failed";
    public const string EndReason = "mixattention.job.end_reason";
}
