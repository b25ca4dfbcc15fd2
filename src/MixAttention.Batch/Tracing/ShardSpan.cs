namespace MixAttention.Batch.Tracing;

/// <summary>What one owner of a shard did, from its claim until it had committed or given up.</summary>
internal sealed record ShardSpan
{
    public required string JobId { get; init; }

    public required int Shard { get; init; }

    public required int Generation { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>Gets the shard's requests.</summary>
    public required int Rows { get; init; }

    /// <summary>Gets those whose lines were found in a checkpoint.</summary>
    public int ResumedRows { get; init; }

    /// <summary>Gets whether all requests have lines, which are about to be committed; else the worker drained.</summary>
    public required bool IsWhole { get; init; }

    /// <summary>Gets the sequences that the engine runs at once at most.</summary>
    public int MaxSequences { get; init; }

    /// <summary>Gets the engine's KV bytes.</summary>
    public long KvBudget { get; init; }

    /// <summary>Gets what the engine's arithmetic depends on.</summary>
    public string? NumericsVersion { get; init; }

    /// <summary>Gets what the worker's engine did meanwhile, for other shards too.</summary>
    public IReadOnlyList<EngineInterval> Engine { get; init; } = [];

    /// <summary>Gets the place of the span.</summary>
    public SpanPlace Place => SpanPlace.OfShard(JobId, Shard, Generation);

    /// <summary>Writes the span.</summary>
    /// <param name="delivery">What the message says.</param>
    /// <param name="links">The spans that it goes back to.</param>
    public OtlpSpan ToSpan(OtlpAttributes delivery, IReadOnlyList<OtlpLink> links) => new()
    {
        TraceId = Place.TraceId,
        SpanId = Place.SpanId,
        Name = TraceNames.ShardSpan,
        Kind = OtlpSpan.Consumer,
        StartTimeUnixNano = OtlpTime.Nanoseconds(StartedAt),
        EndTimeUnixNano = OtlpTime.Nanoseconds(EndedAt),
        Attributes =
        [
            .. delivery,
            .. new OtlpAttributes
            {
                { TraceNames.JobId, JobId },
                { TraceNames.Shard, Shard },
                { TraceNames.Generation, Generation },
                { TraceNames.Rows, Rows },
                { TraceNames.ResumedRows, ResumedRows },
                { TraceNames.IsWhole, IsWhole },
                { TraceNames.MaxSequences, MaxSequences },
                { TraceNames.KvBudget, KvBudget },
                { TraceNames.NumericsVersion, NumericsVersion },
            },
        ],
        Events = [.. Engine.Select(i => i.ToEvent())],
        Links = links,
    };

    /// <summary>Reads a span.</summary>
    public static ShardSpan Of(OtlpSpan span) => new()
    {
        JobId = span.Attributes.Text(TraceNames.JobId) ?? "",
        Shard = (int)span.Attributes.Integer(TraceNames.Shard),
        Generation = (int)span.Attributes.Integer(TraceNames.Generation),
        StartedAt = span.StartedAt,
        EndedAt = span.EndedAt,
        Rows = (int)span.Attributes.Integer(TraceNames.Rows),
        ResumedRows = (int)span.Attributes.Integer(TraceNames.ResumedRows),
        IsWhole = span.Attributes.Flag(TraceNames.IsWhole),
        MaxSequences = (int)span.Attributes.Integer(TraceNames.MaxSequences),
        KvBudget = span.Attributes.Integer(TraceNames.KvBudget),
        NumericsVersion = span.Attributes.Text(TraceNames.NumericsVersion),
        Engine = [.. (span.Events ?? []).Where(e => e.Name == TraceNames.EngineEvent).Select(EngineInterval.Of)],
    };
}
