namespace MixAttention.Batch.Shards;

/// <summary>Cuts one segment of a job's input into shards; written once.</summary>
/// <remarks>A job has one segment when it is submitted; documents that are added later, and failed requests that are run again, come as segments of their own.</remarks>
public sealed record ShardPlan
{
    /// <summary>The contract that this version writes.</summary>
    public const string CurrentSchema = "batch.shard-plan/1";

    /// <summary>Gets the contract that the plan was written to.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>Gets the segment's number, from 0.</summary>
    public required int Segment { get; init; }

    /// <summary>Gets which listing is the segment's: others of its number are of submissions that died or came second.</summary>
    public required string ListingId { get; init; }

    /// <summary>Gets whether its requests are failed ones of other segments that run again.</summary>
    public bool IsRetry { get; init; }

    /// <summary>Gets which submission of the job this is, from 0; retries count up.</summary>
    public required int Run { get; init; }

    /// <summary>Gets the shards; their numbers follow on those of the segment before.</summary>
    public required IReadOnlyList<PlannedShard> Shards { get; init; }
}

/// <summary>One shard: neighbouring documents of a segment's listing.</summary>
/// <param name="Shard">Its number, unique in the job.</param>
/// <param name="Offset">Where its lines begin in the listing.</param>
/// <param name="Length">Bytes of its lines.</param>
/// <param name="Rows">Its requests.</param>
/// <param name="FirstRow">The place in input order of its first request.</param>
/// <param name="DocumentBytes">Bytes of its documents, once for each request about them.</param>
public sealed record PlannedShard(int Shard, long Offset, long Length, int Rows, int FirstRow, long DocumentBytes);
