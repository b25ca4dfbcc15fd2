using System.Text.Json.Serialization;

namespace MixAttention.Batch.Shards;

/// <summary>Says who owns a shard and what has become of it. Changed by put-if-match alone.</summary>
public sealed record ShardState
{
    /// <summary>The contract that this version writes.</summary>
    public const string CurrentSchema = "batch.shard-state/1";

    /// <summary>Gets the contract that the state was written to.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>Gets the shard.</summary>
    public required int Shard { get; init; }

    /// <summary>Gets the number of times that the shard was claimed; whoever claimed it last owns it.</summary>
    public required int Generation { get; init; }

    /// <summary>Gets the owner: a name that no other process has.</summary>
    public required string Owner { get; init; }

    /// <summary>Gets what the owner does.</summary>
    public required ShardStatus Status { get; init; }

    /// <summary>Gets the owners that died while they worked on it.</summary>
    public int Crashes { get; init; }

    /// <summary>Gets the requests that were running in such deaths.</summary>
    public IReadOnlyList<SuspectRow> Suspects { get; init; } = [];

    /// <summary>Gets what its requests came to, once it is done.</summary>
    public ShardCounts? Counts { get; init; }

    /// <summary>Gets the digest of its part, once it is done.</summary>
    public string? PartSha256 { get; init; }
}

/// <summary>What a shard's owner does.</summary>
public enum ShardStatus
{
    /// <summary>It works on the shard, or has died or given it back: its checkpoint tells.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>The shard's part is committed.</summary>
    [JsonStringEnumMemberName("done")]
    Done,
}

/// <summary>A request that was running when owners died.</summary>
/// <param name="Row">The request.</param>
/// <param name="Crashes">Deaths in which it was running.</param>
/// <param name="CrashesAlone">Deaths in which nothing else was running.</param>
public sealed record SuspectRow(int Row, int Crashes, int CrashesAlone)
{
    /// <summary>The deaths from which on a request runs alone.</summary>
    public const int CrashesToSuspect = 2;

    /// <summary>Gets whether it must run alone.</summary>
    [JsonIgnore]
    public bool RunsAlone => Crashes >= CrashesToSuspect;
}

/// <summary>What a shard's requests came to.</summary>
public sealed record ShardCounts(int Succeeded, int Failed);
