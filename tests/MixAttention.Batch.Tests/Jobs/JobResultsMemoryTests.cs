using MixAttention.Batch.Jobs;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Inputs;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Jobs;

/// <summary>Measures memory, which other tests would disturb.</summary>
[Collection(nameof(InputMemoryTests))]
public sealed class JobResultsMemoryTests : IDisposable
{
    private const int Shards = 100;
    private const int RowsPerShard = 200;
    private const long Mebibyte = 1 << 20;

    private static readonly JobArtifacts Artifacts = new("job");

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Results_of_a_job_that_ran_again_whole_are_joined_in_the_memory_of_a_shard_of_each_try_fault_40()
    {
        var store = new FolderArtifactStore(_folder["store"], TimeProvider.System);
        string answer = new('a', 1000);
        var segments = new List<ShardPlan>();
        for (int segment = 0; segment < 3; segment++)
        {
            int first = segment * Shards;
            segments.Add(new ShardPlan { Segment = segment, ListingId = "a", Run = segment, IsRetry = segment > 0, Shards = [.. Enumerable.Range(0, Shards).Select(i => new PlannedShard(first + i, 0, 0, RowsPerShard, i * RowsPerShard, 0))] });
            for (int shard = 0; shard < Shards; shard++)
            {
                var lines = Enumerable.Range(shard * RowsPerShard, RowsPerShard).Select(row => segment == 2 ? Results.Success(row, answer) : Results.Failure(row, answer));
                await store.PutIfAbsentAsync(Artifacts.Part(first + shard), (byte[])[.. lines.SelectMany(l => (byte[])[.. l.Bytes.Span, (byte)'\n'])], Stop);
            }
        }

        long before = GC.GetTotalMemory(forceFullCollection: true), most = 0;
        int row = 0;
        await foreach (var line in new JobResults(store, Artifacts, new JobPlan(segments)).ReadAsync(withUnfinished: false, Stop))
        {
            Assert.Equal((row++, false), (line.Row, line.IsFailure));
            if (row % 5000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        // A segment has 25 MB of lines; three shards have 0.8 MB.
        Assert.Equal(Shards * RowsPerShard, row);
        Assert.InRange(most, 0, 4 * Mebibyte);
    }
}
