using System.Security.Cryptography;
using MixAttention.Batch.Records;
using MixAttention.Batch.Reporting;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tracing;

namespace MixAttention.Batch.Jobs;

/// <summary>Puts a job's results together once all its shards are committed.</summary>
/// <remarks>Whoever commits a shard looks whether it was the last one, so at least one worker sees that; two that do write the same bytes.</remarks>
/// <param name="store">The store.</param>
/// <param name="time">The clock.</param>
public sealed class JobFinisher(IArtifactStore store, TimeProvider time)
{
    private static readonly TimeSpan TimeToReport = TimeSpan.FromMinutes(10);

    /// <summary>Gets what takes a line where trace or report could not be written.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>Writes output, errors and the marker, then the job's trace and its report, unless somebody has done so.</summary>
    /// <param name="manifest">The job.</param>
    /// <param name="plan">Its plan; all of its shards are committed.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task FinishAsync(JobManifest manifest, JobPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(plan);
        var artifacts = new JobArtifacts(manifest.JobId);
        bool isDone = false, isOurs = false;
        while (!isDone)
        {
            var former = await store.ReadBytesAsync(artifacts.Committed, cancellationToken).ConfigureAwait(false);
            isDone = former is not null && CommittedMarker.Parse(former.Bytes, artifacts).Segments >= plan.Segments.Count;
            if (!isDone)
                isDone = isOurs = await TryWriteAsync(manifest, artifacts, plan, former?.ETag, cancellationToken).ConfigureAwait(false);
        }

        if (isOurs || await store.FindETagAsync(artifacts.Report, cancellationToken).ConfigureAwait(false) is null)
            await new BestEffort(time, Log).TryAsync(artifacts.Report, TimeToReport, stop => DescribeAsync(manifest, artifacts, stop), cancellationToken).ConfigureAwait(false);
    }

    private async Task DescribeAsync(JobManifest manifest, JobArtifacts artifacts, CancellationToken cancellationToken)
    {
        var marker = await CommittedMarker.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false);
        await store.PutIfMatchAsync(artifacts.JobTrace, etag: null, TraceFile.Write(worker: null, [JobSpan.Of(manifest, marker!)]), cancellationToken).ConfigureAwait(false); // It was written before.
        await store.PutIfMatchAsync(artifacts.Report, etag: null, await JobPage.WriteAsync(store, manifest, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <returns>False when somebody else wrote at the same time, perhaps for more segments.</returns>
    private async Task<bool> TryWriteAsync(JobManifest manifest, JobArtifacts artifacts, JobPlan plan, string? formerMarker, CancellationToken cancellationToken)
    {
        var results = new JobResults(store, artifacts, plan);
        if (await TryWriteLinesAsync(results, artifacts.Output, takesFailures: false, cancellationToken).ConfigureAwait(false) is not { } output
            || await TryWriteLinesAsync(results, artifacts.Errors, takesFailures: true, cancellationToken).ConfigureAwait(false) is not { } errors)
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
        return await PutAsync(artifacts.Committed, formerMarker, (stream, stop) => stream.WriteAsync(marker, stop).AsTask(), cancellationToken).ConfigureAwait(false) is not null;
    }

    private async Task<LinesWritten?> TryWriteLinesAsync(JobResults results, string name, bool takesFailures, CancellationToken cancellationToken)
    {
        string? former = await store.FindETagAsync(name, cancellationToken).ConfigureAwait(false);
        LinesWritten? written = null;
        string? etag = await PutAsync(name, former, async (stream, stop) => written = await WriteLinesAsync(results, stream, takesFailures, stop).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        return etag is null ? null : written;
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

    private sealed record LinesWritten(string Sha256, int Count, long PromptTokens, long CompletionTokens, IReadOnlySet<string> Codes);
}
