using System.Security.Cryptography;
using MixAttention.Batch.Records;
using MixAttention.Batch.Reporting;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Jobs;

/// <summary>Puts a job's results together once all its shards are committed.</summary>
/// <remarks>
/// <para>Whoever commits a shard looks whether it was the last one, so at least one worker sees that; two that do write the same bytes.</para>
/// <para>A finisher first notes the versions of the three files, then reads the plan, then replaces only what still is of those versions. So one that was stopped and goes on after requests
/// were added or have run again cannot undo what a later one wrote: the later one has noted its versions after the plan grew, so a write of the former comes before that and is replaced, or
/// makes one of the two begin anew. Readers compare both files with the marker.</para>
/// </remarks>
/// <param name="store">The store.</param>
/// <param name="time">The clock.</param>
public sealed class JobFinisher(IArtifactStore store, TimeProvider time)
{
    /// <summary>How long trace and report of a job may take.</summary>
    internal static readonly TimeSpan TimeToReport = TimeSpan.FromMinutes(10);

    /// <summary>Gets what takes a line where trace or report could not be written.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>Writes output, errors and the marker, then the job's trace and its report, unless somebody has done so.</summary>
    /// <param name="manifest">The job.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>False when a shard is not committed, or the job has been deleted: then nothing was written.</returns>
    public async Task<bool> FinishAsync(JobManifest manifest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var artifacts = new JobArtifacts(manifest.JobId);
        bool isDone = false, isOurs = false;
        while (!isDone)
        {
            var former = await ReadFormerAsync(artifacts, cancellationToken).ConfigureAwait(false);
            var plan = await JobPlan.ReadAsync(store, manifest, cancellationToken).ConfigureAwait(false);
            if (former.Marker is null && plan.Segments.Count == 0)
                return false;
            isDone = former.Segments >= plan.Segments.Count;
            if (!isDone && (await OpenShards.ListAsync(store, artifacts, plan, cancellationToken).ConfigureAwait(false)).Count > 0)
                return false;
            if (!isDone)
                isDone = isOurs = await TryWriteAsync(manifest, artifacts, plan, former, cancellationToken).ConfigureAwait(false);
        }

        if (isOurs || await store.FindETagAsync(artifacts.Report, cancellationToken).ConfigureAwait(false) is null)
            await new BestEffort(time, Log).TryAsync(artifacts.Report, TimeToReport, stop => DescribeAsync(manifest, artifacts, stop), cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async Task<FormerResults> ReadFormerAsync(JobArtifacts artifacts, CancellationToken cancellationToken)
    {
        string? output = await store.FindETagAsync(artifacts.Output, cancellationToken).ConfigureAwait(false);
        string? errors = await store.FindETagAsync(artifacts.Errors, cancellationToken).ConfigureAwait(false);
        var marker = await store.ReadBytesAsync(artifacts.Committed, cancellationToken).ConfigureAwait(false);
        return new FormerResults(output, errors, marker?.ETag, marker is null ? 0 : CommittedMarker.Parse(marker.Bytes, artifacts).Segments);
    }

    private async Task DescribeAsync(JobManifest manifest, JobArtifacts artifacts, CancellationToken cancellationToken)
    {
        var marker = await CommittedMarker.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false);
        await store.PutIfMatchAsync(artifacts.JobTrace, etag: null, TraceFile.Write(worker: null, [JobSpan.Of(manifest, marker!)]), cancellationToken).ConfigureAwait(false); // It was written before.
        await store.PutIfMatchAsync(artifacts.Report, etag: null, await JobPage.WriteAsync(store, manifest, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <returns>False when somebody else wrote at the same time, perhaps for more segments.</returns>
    private async Task<bool> TryWriteAsync(JobManifest manifest, JobArtifacts artifacts, JobPlan plan, FormerResults former, CancellationToken cancellationToken)
    {
        if (await TryWriteLinesAsync(artifacts, plan, artifacts.Output, former.Output, takesFailures: false, cancellationToken).ConfigureAwait(false) is not { } output
            || await TryWriteLinesAsync(artifacts, plan, artifacts.Errors, former.Errors, takesFailures: true, cancellationToken).ConfigureAwait(false) is not { } errors)
            return false;
        var control = errors.Codes.Contains(ErrorCodes.BatchCancelled) ? await JobControl.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false) : null;
        byte[] marker = ContractJson.Write(
            new CommittedMarker
            {
                JobId = manifest.JobId,
                Fingerprint = manifest.Fingerprint,
                Segments = plan.Segments.Count,
                Ended = errors.Codes.Contains(ErrorCodes.BatchExpired) ? EndReason.Expired : control?.Reason,
                CompletedAt = time.GetUtcNow(),
                Succeeded = output.Count,
                Failed = errors.Count,
                PromptTokens = output.PromptTokens,
                CompletionTokens = output.CompletionTokens,
                OutputSha256 = output.Sha256,
                ErrorsSha256 = errors.Sha256,
            },
            ContractJson.Default.CommittedMarker);
        return await PutAsync(artifacts.Committed, former.Marker, (stream, stop) => stream.WriteAsync(marker, stop).AsTask(), cancellationToken).ConfigureAwait(false) is not null;
    }

    private async Task<LinesWritten?> TryWriteLinesAsync(JobArtifacts artifacts, JobPlan plan, string name, string? former, bool takesFailures, CancellationToken cancellationToken)
    {
        LinesWritten? written = null;
        var write = async (Stream stream, CancellationToken stop) =>
        {
            var results = new JobResults(store, artifacts, plan);
            written = await WriteLinesAsync(results, stream, takesFailures, stop).ConfigureAwait(false);
            if (results.Unfinished > 0) // All parts were there before.
                throw new StoreException($"Parts of job {artifacts.JobId} went away while {name} was put together from them: the job is being deleted, or its store has lost files.", isTransient: true);
        };
        return await PutAsync(name, former, write, cancellationToken).ConfigureAwait(false) is null ? null : written;
    }

    private static async Task<LinesWritten> WriteLinesAsync(JobResults results, Stream stream, bool takesFailures, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int count = 0;
        long promptTokens = 0, completionTokens = 0;
        var codes = new HashSet<string>();
        await foreach (var line in results.ReadAsync(withUnfinished: false, cancellationToken).ConfigureAwait(false))
        {
            if (line.IsFailure != takesFailures)
                continue;
            byte[] bytes = [.. line.Bytes.Span, (byte)'\n'];
            hash.AppendData(bytes);
            await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
            count++;
            promptTokens += line.PromptTokens;
            completionTokens += line.CompletionTokens;
            if (line.ErrorCode is { } code)
                codes.Add(code);
        }

        return new LinesWritten(Convert.ToHexStringLower(hash.GetHashAndReset()), count, promptTokens, completionTokens, codes);
    }

    private Task<string?> PutAsync(string name, string? former, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken) =>
        former is null ? store.PutIfAbsentAsync(name, write, cancellationToken) : store.PutIfMatchAsync(name, former, write, cancellationToken);

    private sealed record FormerResults(string? Output, string? Errors, string? Marker, int Segments);

    private sealed record LinesWritten(string Sha256, int Count, long PromptTokens, long CompletionTokens, IReadOnlySet<string> Codes);
}
