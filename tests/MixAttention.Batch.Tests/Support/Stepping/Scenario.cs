using System.Text;
using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Support.Stepping;

/// <summary>A job that was submitted, the workers that come to it, and what must become of it.</summary>
internal sealed class Scenario : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>What says who owns a shard, and what it has come to.</summary>
    public static readonly string[] Owning = ["state/", "checkpoints/", "outputs/"];

    /// <summary>What says whether the job is finished.</summary>
    public static readonly string[] Finishing = ["outputs/", "output.jsonl", "errors.jsonl", "_COMMITTED.json"];

    private readonly JobFixture _job;

    private Scenario(JobFixture job) => _job = job;

    /// <summary>Gets the job's names.</summary>
    public JobArtifacts Artifacts { get; } = new("job_1");

    /// <summary>Gets the store that workers find.</summary>
    public MemoryArtifactStore Store { get; private set; } = new();

    /// <summary>Gets the message of each shard.</summary>
    public required IReadOnlyList<JobMessage> Shards { get; init; }

    /// <summary>Gets the message that each worker receives.</summary>
    public required IReadOnlyList<JobMessage> Deliveries { get; init; }

    /// <summary>Gets the store as an undisturbed worker leaves it.</summary>
    public MemoryArtifactStore Calm { get; private set; } = new();

    /// <summary>Gets what the names of the artifacts begin with that the scenario is about: the order of all calls for them is changed, other calls follow the one before.</summary>
    public required IReadOnlyList<string> Shared { get; init; }

    /// <summary>Gets the model.</summary>
    public WorkerModel Model => _job.Model;

    /// <summary>Submits a job of so many documents.</summary>
    /// <param name="shared">What the scenario is about.</param>
    /// <param name="shards">Its shards.</param>
    /// <param name="documentsPerShard">Documents of each.</param>
    /// <param name="workers">Workers that come: the first to the first shard, and so on, round and round.</param>
    public static async Task<Scenario> SubmitAsync(string[] shared, int shards, int documentsPerShard, int workers)
    {
        var queue = new MemoryJobQueue();
        var store = new MemoryArtifactStore();
        var job = new JobFixture();
        try
        {
            for (int i = 0; i < shards * documentsPerShard; i++)
                job.Folder.Write($"docs/{i}.txt", $"w{i} w1 w2");
            job.Sampling = job.Sampling with { MaxTokens = 2 };
            await new JobSubmission(store, queue, new FakeTimeProvider()) { DocumentsPerShard = documentsPerShard }.SubmitAsync(job.Manifest with { JobId = "job_1" }, job.Input, Stop);
        }
        catch
        {
            job.Dispose();
            throw;
        }

        JobMessage[] messages = [.. queue.Messages];
        var scenario = new Scenario(job) { Shared = shared, Shards = messages, Deliveries = [.. Enumerable.Range(0, workers).Select(w => messages[w % shards])], Store = store };
        scenario.Calm = store.Copy();
        foreach (var message in messages)
        {
            await using var worker = await SteppedWorker.StartAsync(scenario.Calm, shared, message, scenario.Model);
            while (worker.Next is not null)
                await worker.StepAsync();
            Assert.Null(worker.Complaint);
        }

        Assert.NotEmpty(Read(scenario.Calm, scenario.Artifacts.Output));
        return scenario;
    }

    /// <summary>Lets owners of the first shard die while all its requests were running.</summary>
    public async Task LetOwnersDieAsync(int owners)
    {
        var manifest = (await JobManifest.ReadAsync(Store, Artifacts, Stop))!; // It was submitted.
        string fingerprint = Model.FingerprintOf(manifest, await Model.Digest(Stop));
        int rows = (await JobPlan.ReadAsync(Store, manifest, Stop)).Shards.First().Rows;
        for (int i = 0; i < owners; i++)
        {
            var ownership = await ShardOwnership.ClaimAsync(Store, Artifacts, 0, $"dead-{i}", await ShardHistory.ReadAsync(Store, Artifacts, 0, fingerprint, Stop), Stop);
            using var log = new CheckpointLog(Store, Artifacts, ownership!, fingerprint); // Nobody else claims.
            await log.StartAsync([.. Enumerable.Range(0, rows)], isAlone: false, Stop);
        }
    }

    /// <summary>Lets an owner of the first shard die right after its commit.</summary>
    public async Task LetCommitterDieAsync()
    {
        await using var worker = await SteppedWorker.StartAsync(Store, Owning, Shards[0], Model);
        while (!Store.Artifacts.ContainsKey(Artifacts.Part(0)))
            await worker.StepAsync();
    }

    /// <summary>Reads an artifact's text.</summary>
    /// <returns>Empty when there is none.</returns>
    public static string Read(MemoryArtifactStore store, string name) => Encoding.UTF8.GetString(store.Artifacts.GetValueOrDefault(name)?.Bytes ?? []);

    public void Dispose() => _job.Dispose();
}
