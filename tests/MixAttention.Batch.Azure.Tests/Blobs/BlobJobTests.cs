using System.Text.RegularExpressions;
using MixAttention.Batch.Azure.Blobs;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Azure.Tests.Blobs;

/// <summary>Whole jobs whose store is a container.</summary>
[Collection(nameof(AzuriteServer))]
public sealed partial class BlobJobTests(AzuriteServer server)
{
    private const int Documents = 18;
    private const int Rounds = 50;
    private const double Rate = 0.2;

    // The others hold clocks, owners and the names of folders.
    private static readonly string[] Results = ["outputs/", "output.jsonl", "errors.jsonl", "numerics.json"];

    private static readonly HttpFault[] Faults = [HttpFault.DroppedRequest, HttpFault.DroppedReply, HttpFault.ServerError, HttpFault.TruncatedReply, HttpFault.ResetRequest];

    private readonly BlobAddress _address = new(server.Endpoint, $"c{Guid.NewGuid():N}", "jobs-of-a-team/");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_has_the_artifacts_and_bytes_that_it_has_in_a_folder()
    {
        await using var folder = new WorkerFixture();
        await using var blobs = new WorkerFixture(store: await OpenAsync());
        var artifacts = await RunAsync(folder);
        Assert.Equal(Documents, artifacts["output.jsonl"].Count(c => c == '\n'));
        Assert.Equal(artifacts, await RunAsync(blobs));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Requests_that_fail_or_lose_their_reply_at_random_change_no_byte_of_a_job_fault_12_13(int seed)
    {
        var random = new Random(seed);
        int faults = 0;
        await using var proxy = await FaultProxy.StartAsync(server.Port, _ =>
        {
            lock (random)
            {
                if (random.NextDouble() >= Rate)
                    return null;
                faults++;
                return Faults[random.Next(Faults.Length)];
            }
        });
        await using var fixture = new WorkerFixture(store: await OpenAsync()) { DocumentsPerShard = 4 };
        fixture.WriteDocuments(Documents);
        string calm = await fixture.ReadCalmOutputAsync();
        await fixture.SubmitAsync();
        // Pauses and limits of this store pass a hundred times as fast.
        var store = BlobArtifactStore.OpenEmulator(
            _address with { Account = new Uri($"http://127.0.0.1:{proxy.Port}/devstoreaccount1") }, new BlobStoreOptions { CallTimeout = TimeSpan.FromMinutes(20) }, new HurriedTime());
        for (int round = 0; round < Rounds && await CommittedMarker.ReadAsync(fixture.Store, fixture.Artifacts, Stop) is null; round++)
        {
            int[] differing = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => WorkAsync(fixture, store)));
            Assert.Equal([0, 0], differing);
            fixture.QueueClock.Advance(TimeSpan.FromMinutes(10)); // Back-offs and lost locks end.
        }

        await fixture.WorkUntilIdleAsync();
        Assert.Equal(calm, await fixture.ReadAsync(fixture.Artifacts.Output));
        Assert.Equal("", await fixture.ReadAsync(fixture.Artifacts.Errors));
        Assert.True(faults > 10, $"{faults} faults are no test.");
        Assert.Equal(new QueueCounts(0, 0, 0, 0), await fixture.Queue.CountAsync(Stop));
    }

    /// <returns>The shards whose part was there with other bytes.</returns>
    private static async Task<int> WorkAsync(WorkerFixture fixture, BlobArtifactStore store)
    {
        await using var engine = new EngineHost(fixture.Job.Model, TimeProvider.System);
        await using var queue = fixture.OpenQueue(fixture.QueueClock);
        using var worker = new BatchWorker(store, queue, engine, new WorkerOptions { IdleTime = TimeSpan.Zero }, TimeProvider.System);
        await worker.RunAsync(Stop);
        return worker.Counts.DifferingParts;
    }

    /// <returns>The job's artifacts by their names in it, results with their content.</returns>
    private static async Task<Dictionary<string, string>> RunAsync(WorkerFixture fixture)
    {
        fixture.WriteDocuments(Documents);
        await fixture.SubmitAsync();
        await fixture.WorkAsync();
        var artifacts = new Dictionary<string, string>();
        await foreach (var artifact in fixture.Store.ListAsync(fixture.Artifacts.Root, Stop))
        {
            string name = artifact.Name[fixture.Artifacts.Root.Length..];
            artifacts.Add(RandomId().Replace(name, "ID"), Results.Any(r => name.StartsWith(r, StringComparison.Ordinal)) ? await fixture.ReadAsync(artifact.Name) : "");
        }

        return artifacts;
    }

    private async Task<BlobArtifactStore> OpenAsync()
    {
        var store = BlobArtifactStore.OpenEmulator(_address, new BlobStoreOptions(), TimeProvider.System);
        await store.CreateContainerAsync(Stop);
        return store;
    }

    [GeneratedRegex("[0-9a-f]{32}")]
    private static partial Regex RandomId();
}
