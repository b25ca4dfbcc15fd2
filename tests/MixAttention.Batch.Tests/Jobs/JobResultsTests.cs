using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Jobs;

/// <summary>Of several lines of one request a success wins, then the later one.</summary>
public sealed class JobResultsTests : IDisposable
{
    private static readonly JobArtifacts Artifacts = new("job");

    private readonly TemporaryFolder _folder = new();
    private readonly FolderArtifactStore _store;

    public JobResultsTests() => _store = new FolderArtifactStore(_folder["store"], TimeProvider.System);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a b c", "c")]
    [InlineData("A b c", "A")]
    [InlineData("a B c", "B")]
    [InlineData("a b C", "C")]
    [InlineData("A B c", "B")]
    [InlineData("A b C", "C")]
    [InlineData("a B C", "C")]
    [InlineData("A B C", "C")]
    [InlineData("a b -", "b")]
    [InlineData("a - c", "c")]
    [InlineData("A - -", "A")]
    public async Task Success_wins_then_the_later_line_fault_41(string tries, string winner)
    {
        string[] lines = tries.Split(' '); // A first try and two retries; capitals succeed, - did not run.
        var segments = new List<ShardPlan>();
        for (int i = 0; i < lines.Length; i++)
        {
            segments.Add(new ShardPlan { Segment = i, ListingId = "a", Run = i, IsRetry = i > 0, Shards = [new PlannedShard(i, 0, 0, 1, 0, 0)] });
            var line = char.IsUpper(lines[i][0]) ? Results.Success(0, lines[i]) : Results.Failure(0, lines[i]);
            byte[] part = [.. line.Bytes.Span, (byte)'\n'];
            if (lines[i] != "-")
                await _store.PutIfAbsentAsync(Artifacts.Part(i), part, Stop);
        }

        var results = new JobResults(_store, Artifacts, new JobPlan(segments));
        var read = Assert.Single(await results.ReadAsync(withUnfinished: false, Stop).ToListAsync(Stop));
        var record = RecordJson.Read(read.Bytes.Span)!; // A line of results.
        Assert.Equal(winner, record.Error?.Code ?? record.Response!.Body.Choices[0].Message!.Content); // One of the two.
        Assert.Equal(lines.Count(l => l == "-"), results.Unfinished);
    }
}
