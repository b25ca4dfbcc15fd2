using System.Collections.Concurrent;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Records;
using MixAttention.Batch.Store;
using MixAttention.Batch.Summaries;

namespace MixAttention.Batch.Worker;

/// <summary>Opens the jobs that messages name, each once.</summary>
internal sealed class OpenJobs(IArtifactStore store, EngineHost engine, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, OpenJob> _open = new();

    /// <summary>Opens a job.</summary>
    /// <returns>Null when there is none of that id.</returns>
    /// <exception cref="ContractException">It is of another version or damaged.</exception>
    public async Task<OpenJob?> OpenAsync(string jobId, CancellationToken cancellationToken)
    {
        if (_open.TryGetValue(jobId, out var known))
            return known;
        var artifacts = new JobArtifacts(jobId);
        if (await JobManifest.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false) is not { } manifest)
            return null;

        var plan = await JobPlan.ReadAsync(store, artifacts, cancellationToken).ConfigureAwait(false);
        var model = engine.Model;
        string fingerprint = model.FingerprintOf(manifest, await engine.DigestAsync(cancellationToken).ConfigureAwait(false));
        var tokenizer = model.Text.Tokenizer;
        var records = new RecordFactory(fingerprint, manifest.Task.Instructions, manifest.ModelName, manifest.CreatedAt.ToUnixTimeSeconds(), id => tokenizer.Decode([id]));
        var template = model.Text.ChatTemplateAt(manifest.CreatedAt);
        var summarizer = manifest.Task.IsSummary ? new Summarizer(tokenizer, template, manifest.Task, manifest.Sampling) : null;
        IRequestSource requests = manifest.Input.Kind == JobInput.Rows
            ? new RowRequests(store, engine, manifest, template, records)
            : new DocumentRequests(store, manifest, new PromptBuilder(tokenizer, template, manifest.Task), summarizer, records);
        var job = new OpenJob(store, manifest, plan, requests, fingerprint, time);
        return _open.GetOrAdd(jobId, job);
    }

    /// <summary>Forgets a job that is complete.</summary>
    public void Close(string jobId) => _open.TryRemove(jobId, out _);
}
