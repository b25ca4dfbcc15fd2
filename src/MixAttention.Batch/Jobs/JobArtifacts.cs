using System.Globalization;

namespace MixAttention.Batch.Jobs;

/// <summary>Names everything that belongs to a job. No other file makes a name.</summary>
/// <param name="JobId">The job.</param>
public sealed record JobArtifacts(string JobId)
{
    /// <summary>What the names of all jobs begin with.</summary>
    public const string Jobs = "jobs/";

    private const string ManifestName = "/manifest.json";

    /// <summary>Gets what all names begin with.</summary>
    public string Root => $"{Jobs}{JobId}/";

    /// <summary>Gets the manifest: written once, last of what a submission writes, so that a job is there whole or not at all.</summary>
    public string Manifest => $"{Jobs}{JobId}{ManifestName}";

    /// <summary>Gets what the names of all shards' states begin with.</summary>
    public string States => $"{Root}state/";

    /// <summary>Gets what the names of all shards' results begin with.</summary>
    public string Parts => $"{Root}outputs/part-";

    /// <summary>Gets what the first worker's arithmetic was.</summary>
    public string Numerics => $"{Root}numerics.json";

    /// <summary>Gets the request to end the job.</summary>
    public string Control => $"{Root}control.json";

    /// <summary>Gets the successes, in input order.</summary>
    public string Output => $"{Root}output.jsonl";

    /// <summary>Gets the failures, in input order.</summary>
    public string Errors => $"{Root}errors.jsonl";

    /// <summary>Gets the mark that output and errors are whole.</summary>
    public string Committed => $"{Root}_COMMITTED.json";

    /// <summary>Gets what the names of all traces begin with.</summary>
    public string Traces => $"{Root}traces/";

    /// <summary>Gets the trace of the job as a whole.</summary>
    public string JobTrace => $"{Traces}job.otlp.jsonl";

    /// <summary>Gets the page that shows where the time went.</summary>
    public string Report => $"{Root}report.html";

    /// <summary>Gets the listing of a segment's documents.</summary>
    public string Listing(int segment, string listingId) => string.Create(CultureInfo.InvariantCulture, $"{Root}input/{segment:0000}.{listingId}.jsonl");

    /// <summary>Gets the lines of a .jsonl file that a segment brought, to which its listing refers.</summary>
    public string Lines(int segment, string listingId) => string.Create(CultureInfo.InvariantCulture, $"{Root}input/{segment:0000}.{listingId}.lines.jsonl");

    /// <summary>Gets what a segment got from standard input.</summary>
    public string StandardInput(int segment, string listingId) => string.Create(CultureInfo.InvariantCulture, $"{Root}input/{segment:0000}.{listingId}.stdin");

    /// <summary>Gets what the names of a plan's segments begin with.</summary>
    public string Plans(string planId) => $"{Root}plan/{planId}/";

    /// <summary>Gets the shards of a segment.</summary>
    public string Plan(string planId, int segment) => string.Create(CultureInfo.InvariantCulture, $"{Plans(planId)}{segment:0000}.json");

    /// <summary>Gets a shard's state.</summary>
    public string State(int shard) => string.Create(CultureInfo.InvariantCulture, $"{States}{shard:00000}.json");

    /// <summary>Gets what the names of a shard's checkpoint segments begin with.</summary>
    public string Checkpoints(int shard) => string.Create(CultureInfo.InvariantCulture, $"{Root}checkpoints/{shard:00000}.");

    /// <summary>Gets a checkpoint segment.</summary>
    public string Checkpoint(int shard, int generation, int number) => string.Create(CultureInfo.InvariantCulture, $"{Checkpoints(shard)}{generation:0000}.{number:0000}.jsonl");

    /// <summary>Gets a shard's results; that it exists is what commits the shard.</summary>
    public string Part(int shard) => string.Create(CultureInfo.InvariantCulture, $"{Parts}{shard:00000}.jsonl");

    /// <summary>Gets a shard's trace; may be overwritten, and nothing depends on it.</summary>
    public string Trace(int shard) => string.Create(CultureInfo.InvariantCulture, $"{Traces}part-{shard:00000}.otlp.jsonl");

    /// <summary>Tells which job a manifest's name belongs to.</summary>
    /// <returns>Null when it is no manifest's name.</returns>
    public static string? JobOf(string artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        return artifact.StartsWith(Jobs, StringComparison.Ordinal) && artifact.EndsWith(ManifestName, StringComparison.Ordinal) && artifact.Length > Jobs.Length + ManifestName.Length
            ? artifact[Jobs.Length..^ManifestName.Length]
            : null;
    }

    /// <summary>Reads generation and number of a checkpoint segment from its name.</summary>
    public (int Generation, int Number) ParseCheckpoint(int shard, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string[] parts = name[Checkpoints(shard).Length..].Split('.');
        return parts.Length == 3 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int generation) && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? (generation, number)
            : (-1, -1);
    }
}
