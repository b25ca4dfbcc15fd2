using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;
using MixAttention.Batch.Summaries;

namespace MixAttention.Batch.Worker;

/// <summary>Opens the jobs that messages name, and keeps a few of them open.</summary>
internal sealed class OpenJobs(IArtifactStore store, EngineHost engine, TimeProvider time)
{
    // A job holds its plan and the last document that it read; those that work on it hold it themselves.
    private const int MostKept = 8;

    private readonly Lock _lock = new();
    private readonly List<(string ETag, OpenJob Job)> _kept = []; // The one that was used last comes last.

    /// <summary>Opens a job.</summary>
    /// <returns>Null when there is none of that id, or none any more.</returns>
    /// <exception cref="ContractException">It is of another version or damaged.</exception>
    public async Task<OpenJob?> OpenAsync(string jobId, CancellationToken cancellationToken)
    {
        // A job may have been deleted, and another one submitted under its id.
        var artifacts = new JobArtifacts(jobId);
        string? etag = await store.FindETagAsync(artifacts.Manifest, cancellationToken).ConfigureAwait(false);
        if (Keep(jobId, etag, null) is { } known)
            return known;
        if (etag is null || await JobManifest.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false) is not { } manifest)
            return null;

        var plan = await JobPlan.ReadAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        var model = engine.Model;
        string fingerprint = model.FingerprintOf(manifest, await engine.DigestAsync(cancellationToken).ConfigureAwait(false));
        var tokenizer = model.Text.Tokenizer;
        var records = new RecordFactory(fingerprint, manifest.Task.Instructions, manifest.ModelName, manifest.CreatedAt.ToUnixTimeSeconds(), id => tokenizer.Decode([id]));
        var template = model.Text.ChatTemplateAt(manifest.CreatedAt);
        var summarizer = manifest.Task.IsSummary ? new Summarizer(tokenizer, template, manifest.Task, manifest.Sampling) : null;
        IRequestSource requests = manifest.Input.Kind == JobInput.Rows
            ? new RowRequests(store, engine, manifest, template, records)
            : new DocumentRequests(store, manifest, new PromptBuilder(tokenizer, template, manifest.Task), summarizer, records);
        return Keep(jobId, etag, new OpenJob(store, manifest, plan, requests, fingerprint, time));
    }

    /// <summary>Forgets a job that is complete.</summary>
    public void Close(string jobId) => Keep(jobId, null, null);

    /// <summary>Finds a job that is open in this version, or keeps the one that was opened; any other version of it goes.</summary>
    private OpenJob? Keep(string jobId, string? etag, OpenJob? opened)
    {
        lock (_lock)
        {
            var kept = _kept.Where(k => k.Job.Manifest.JobId == jobId && k.ETag == etag).Select(k => k.Job).FirstOrDefault() ?? opened;
            _kept.RemoveAll(k => k.Job.Manifest.JobId == jobId);
            if (kept is not null && etag is not null)
                _kept.Add((etag, kept));
            if (_kept.Count > MostKept)
                _kept.RemoveAt(0);
            return kept;
        }
    }
}
