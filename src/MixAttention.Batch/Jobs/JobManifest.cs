using MixAttention.Batch.Inputs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Store;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Jobs;

/// <summary>What the submitter decides about a job; written once and never changed.</summary>
public sealed record JobManifest
{
    /// <summary>The contract that this version writes.</summary>
    public const string CurrentSchema = "batch.job-manifest/1";

    /// <summary>Gets the contract that the manifest was written to.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>Gets the job's id: one segment of an artifact's name.</summary>
    public required string JobId { get; init; }

    /// <summary>Gets which plan is the job's: others under its id are of submissions that died or came second, or of a former job of that id.</summary>
    /// <value>Also the id of the first segment's listing; null until the job is submitted.</value>
    public string? PlanId { get; init; }

    /// <summary>Gets when the job was made; the one time in its results.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Gets what its listing holds.</summary>
    public required JobInput Input { get; init; }

    /// <summary>Gets what is asked about every document.</summary>
    public required PromptTask Task { get; init; }

    /// <summary>Gets how tokens are chosen.</summary>
    public required SamplingParams Sampling { get; init; }

    /// <summary>Gets the served name of the model, which is also its name in results.</summary>
    public required string ModelName { get; init; }

    /// <summary>Gets the rules by which its documents become prompts.</summary>
    public ReadingRules Rules { get; init; } = ReadingRules.Current;

    /// <summary>Gets when to give up.</summary>
    public JobLimits Limits { get; init; } = new();

    /// <summary>Gets whether workers may take part whose arithmetic gives other bits than the first worker's.</summary>
    public bool AllowsMixedNumerics { get; init; }

    /// <summary>Gets the digest of everything here that can change a result; see <see cref="JobFingerprint"/>.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>Reads a job's manifest.</summary>
    /// <returns>Null when there is no such job.</returns>
    /// <exception cref="ContractException">It is another version or damaged.</exception>
    public static async Task<JobManifest?> ReadAsync(IArtifactStore store, JobArtifacts artifacts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        var content = await store.ReadBytesAsync(artifacts.Manifest, cancellationToken).ConfigureAwait(false);
        if (content is null)
            return null;
        var manifest = ContractJson.Read(content.Bytes, CurrentSchema, ContractJson.Default.JobManifest, artifacts.Manifest);
        return manifest.JobId == artifacts.JobId && manifest.PlanId is not null && manifest.Fingerprint == JobFingerprint.Of(manifest)
            ? manifest
            : throw ContractException.Damaged(artifacts.Manifest, CurrentSchema, new InvalidDataException("It names no plan, or its fingerprint or its id is not that of its content."));
    }
}

/// <summary>What a job's listing holds.</summary>
/// <param name="Kind">Documents, one or more requests each, or rows of a batch file.</param>
/// <param name="MaxDocumentBytes">The largest document that is taken of a file.</param>
public sealed record JobInput(string Kind, long MaxDocumentBytes)
{
    /// <summary>Documents that lie in files.</summary>
    public const string Documents = "documents";

    /// <summary>Documents that are lines of a .jsonl file.</summary>
    public const string DocumentLines = "document_lines";

    /// <summary>Rows of an OpenAI batch file.</summary>
    public const string Rows = "rows";

    /// <summary>The largest document taken unless the submitter says otherwise.</summary>
    public const long DefaultMaxDocumentBytes = 64L << 20;

    /// <summary>Gets the names of the fields of documents that are lines; null for others.</summary>
    public DocumentFields? Fields { get; init; }

    /// <summary>Gets the most tokens of an answer to a row that names no maximum; null for OpenAI's rule, and for documents, where the manifest's sampling says it.</summary>
    public int? MaxTokens { get; init; }
}

/// <summary>When a job or a request of it is given up.</summary>
public sealed record JobLimits
{
    /// <summary>Gets the crashes of its worker, while it ran alone, after which a request is put aside as poison.</summary>
    /// <value>3 unless set.</value>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Gets the share of failed requests above which the rest of the job is not run; null for any.</summary>
    public double? MaxErrorRatio { get; init; }

    /// <summary>Gets when requests that have not run are given up; null for never.</summary>
    public DateTimeOffset? Deadline { get; init; }
}
