using System.Security.Cryptography;
using System.Text;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;

namespace MixAttention.Batch.Tests.Jobs;

/// <summary>Finishers that meet others at every call, and readers that look while results are replaced.</summary>
public sealed class JobFinisherTests : IAsyncDisposable
{
    private const int MostCalls = 24;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly WorkerFixture _fixture = new() { DocumentsPerShard = 2 };

    public static TheoryData<int> Calls => [.. Enumerable.Range(0, MostCalls)];

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Slow_finisher_undoes_nothing_of_a_later_one(int call)
    {
        await CommitAllPartsAsync();
        Assert.Null(await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop));
        await FinishSlowlyAsync(call, AddAndCorrectAsync);
        await AssertWholeAsync(segments: 3, rows: 9);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Slow_finisher_of_a_retry_undoes_nothing_of_a_later_one(int call)
    {
        await CommitAllPartsAsync();
        await new JobFinisher(_fixture.Store, TimeProvider.System).FinishAsync(await _fixture.ReadManifestAsync(), Stop);
        Write("docs/doc-6.txt", "w6 more");
        await _fixture.AddAsync();
        await DieBeforeFinishingAsync();
        await FinishSlowlyAsync(call, AddAndCorrectAsync);
        await AssertWholeAsync(segments: 4, rows: 10);
    }

    [Fact]
    public async Task Job_with_a_shard_that_is_not_committed_is_not_finished()
    {
        await CommitAllPartsAsync();
        await _fixture.Store.DeleteAsync(_fixture.Artifacts.Part(1), Stop);
        Assert.False(await new JobFinisher(_fixture.Store, TimeProvider.System).FinishAsync(await _fixture.ReadManifestAsync(), Stop));
        Assert.Null(await _fixture.Store.FindETagAsync(_fixture.Artifacts.Output, Stop));
    }

    [Fact]
    public async Task Part_that_goes_while_results_are_put_together_leaves_no_results()
    {
        await CommitAllPartsAsync();
        var losing = new CallFaults(async (point, _) =>
        {
            if (point is { Verb: nameof(IArtifactStore.PutIfAbsentAsync), IsAfter: false })
                await _fixture.Store.DeleteAsync(_fixture.Artifacts.Part(1), Stop);
        });
        var finisher = new JobFinisher(new FaultingArtifactStore(_fixture.Store, losing), TimeProvider.System);
        var error = await Assert.ThrowsAsync<StoreException>(async () => await finisher.FinishAsync(await _fixture.ReadManifestAsync(), Stop));
        Assert.Contains("Parts of job job_1 went away", error.Message, StringComparison.Ordinal);
        Assert.Null(await _fixture.Store.FindETagAsync(_fixture.Artifacts.Output, Stop));
    }

    [Fact]
    public async Task Job_that_was_deleted_is_not_written_again()
    {
        await CommitAllPartsAsync();
        var manifest = await _fixture.ReadManifestAsync();
        await new JobDeletion(_fixture.Store, _fixture.Queue).DeleteAsync(manifest.JobId, keepsOutputs: false, Stop);
        Assert.False(await new JobFinisher(_fixture.Store, TimeProvider.System).FinishAsync(manifest, Stop));
        Assert.Empty(await _fixture.Store.ListAsync("", Stop).ToListAsync(Stop));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Reader_of_results_that_are_being_replaced_is_told_so(int written)
    {
        await CommitAllPartsAsync();
        Assert.True(await new JobFinisher(_fixture.Store, TimeProvider.System).FinishAsync(await _fixture.ReadManifestAsync(), Stop));
        var results = new CommittedResults(_fixture.Store, _fixture.Artifacts);
        Assert.Equal(6, await results.ReadAsync(Stop).CountAsync(Stop));

        // A later finisher has replaced none, one or both of the files and not the marker yet.
        string[] left = [_fixture.Artifacts.Output, _fixture.Artifacts.Errors];
        foreach (string name in left.Take(written))
            await _fixture.Store.PutIfMatchAsync(name, etag: null, (byte[])[.. Results.Success(0, "another").Bytes.Span, (byte)'\n'], Stop);
        if (written == 0)
            Assert.Equal(6, await results.ReadAsync(Stop).CountAsync(Stop));
        else
            Assert.Contains("are being replaced at this moment", (await Assert.ThrowsAsync<BatchException>(async () => await results.ReadAsync(Stop).CountAsync(Stop))).Message, StringComparison.Ordinal);
    }

    /// <summary>Submits four good documents and two empty ones, and lets a worker die when all are committed and nothing is put together.</summary>
    private async Task CommitAllPartsAsync()
    {
        for (int i = 0; i < 6; i++)
            Write($"docs/doc-{i}.txt", i % 3 == 2 ? " " : $"w{i} and more");
        await _fixture.SubmitAsync();
        await DieBeforeFinishingAsync();
    }

    private async Task DieBeforeFinishingAsync()
    {
        bool isDead = false;
        var faults = new CrashPoints
        {
            Before = step =>
            {
                isDead |= step.EndsWith("output.jsonl", StringComparison.Ordinal);
                return isDead ? throw new CrashException() : Task.CompletedTask;
            },
        };
        await Assert.ThrowsAnyAsync<Exception>(() => _fixture.WorkAsync(faults));
        Assert.True(isDead);
    }

    /// <summary>Lets others finish the job, correct a document that failed, add one, and finish it again.</summary>
    private async Task AddAndCorrectAsync()
    {
        Write("docs/doc-2.txt", "w2 corrected");
        for (int i = 7; i < 10; i++)
            Write($"docs/doc-{i}.txt", $"w{i} more");
        await _fixture.AddAsync();
        _fixture.ExpireLocks();
        await _fixture.WorkUntilIdleAsync();
    }

    private async Task FinishSlowlyAsync(int call, Func<Task> meanwhile)
    {
        int calls = 0;
        bool hasMet = false;
        var slow = new CallFaults(async (point, _) =>
        {
            if (point.IsAfter || calls++ != call)
                return;
            hasMet = true;
            await meanwhile();
        });
        await new JobFinisher(new FaultingArtifactStore(_fixture.Store, slow), TimeProvider.System).FinishAsync(await _fixture.ReadManifestAsync(), Stop);
        if (!hasMet) // It was through before.
            await meanwhile();
    }

    private async Task AssertWholeAsync(int segments, int rows)
    {
        var marker = (await CommittedMarker.ReadAsync(_fixture.Store, _fixture.Artifacts, Stop))!;
        Assert.Equal((segments, rows), (marker.Segments, marker.Succeeded + marker.Failed));
        Assert.Equal(marker.OutputSha256, await DigestAsync(_fixture.Artifacts.Output));
        Assert.Equal(marker.ErrorsSha256, await DigestAsync(_fixture.Artifacts.Errors));
        Assert.Equal(rows, await new CommittedResults(_fixture.Store, _fixture.Artifacts).ReadAsync(Stop).CountAsync(Stop));
    }

    private async Task<string> DigestAsync(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(await _fixture.ReadAsync(name))));

    private void Write(string path, string text) => _fixture.Job.Folder.Write(path, text);
}
