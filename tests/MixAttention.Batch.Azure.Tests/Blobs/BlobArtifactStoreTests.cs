using MixAttention.Batch.Azure.Blobs;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Store;

namespace MixAttention.Batch.Azure.Tests.Blobs;

/// <summary>Runs the store's suite on Azurite, and what blobs alone can meet.</summary>
[Collection(nameof(AzuriteServer))]
public sealed class BlobArtifactStoreTests(AzuriteServer server) : ArtifactStoreSuite
{
    private readonly BlobAddress _address = new(server.Endpoint, $"c{Guid.NewGuid():N}", "folder/");
    private bool _isMade;

    [Theory]
    [InlineData(0)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(1000)]
    [InlineData(1001)]
    public async Task Artifact_of_several_blocks_is_whole_and_one_version(int length)
    {
        var store = Open(new BlobStoreOptions { BlockBytes = 100 });
        byte[] content = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];
        string? etag = await store.PutIfAbsentAsync("a", content, Stop);
        Assert.Equal(content, (await store.ReadBytesAsync("a", Stop))!.Bytes);
        Assert.Null(await store.PutIfMatchAsync("a", "another", content, Stop));
        string? next = await store.PutIfMatchAsync("a", etag, (byte[])[.. content, 1], Stop);
        Assert.Equal((length + 1, next), ((await store.ReadBytesAsync("a", Stop))!.Bytes.Length, (await store.ReadBytesAsync("a", Stop))!.ETag));
    }

    [Fact]
    public async Task Long_artifact_that_is_replaced_while_it_is_read_is_never_a_mixture_fault_42()
    {
        var store = Open(new BlobStoreOptions { BlockBytes = 100 });
        string? etag = await store.PutIfAbsentAsync("a", Enumerable.Repeat((byte)1, 1000).ToArray(), Stop);
        await using var content = await store.ReadAsync("a", cancellationToken: Stop);
        var bytes = new byte[1000];
        await content!.Stream.ReadExactlyAsync(bytes.AsMemory(0, 150), Stop);
        await store.PutIfMatchAsync("a", etag, Enumerable.Repeat((byte)2, 1000).ToArray(), Stop);
        var error = await Assert.ThrowsAsync<StoreException>(async () => await content.Stream.ReadExactlyAsync(bytes.AsMemory(150), Stop));
        Assert.True(error.IsTransient);
        Assert.Contains("a was replaced or deleted while it was read", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain((byte)2, bytes);
    }

    [Fact]
    public async Task Blocks_that_a_dead_writer_left_are_not_part_of_what_is_put_fault_16()
    {
        var store = Open(new BlobStoreOptions { BlockBytes = 10 });
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.PutIfAbsentAsync("a", async (stream, stop) =>
        {
            await stream.WriteAsync(Enumerable.Repeat((byte)9, 95).ToArray(), stop);
            throw new InvalidOperationException("The writer dies.");
        }, Stop));
        Assert.Null(await store.ReadAsync("a", cancellationToken: Stop));
        Assert.Empty(await ListAsync(store, ""));
        byte[] content = Enumerable.Repeat((byte)1, 35).ToArray();
        Assert.NotNull(await store.PutIfAbsentAsync("a", content, Stop));
        Assert.Equal(content, (await store.ReadBytesAsync("a", Stop))!.Bytes);
    }

    [Fact]
    public async Task Writers_of_blocks_at_once_leave_one_of_the_versions_fault_16()
    {
        var store = Open(new BlobStoreOptions { BlockBytes = 10 });
        string?[] etags = await Task.WhenAll(Enumerable.Range(1, 6).Select(i => store.PutIfAbsentAsync("a", Enumerable.Repeat((byte)i, 95).ToArray(), Stop)));
        Assert.Single(etags, e => e is not null);
        byte[] bytes = (await store.ReadBytesAsync("a", Stop))!.Bytes;
        Assert.Equal(95, bytes.Count(b => b == bytes[0]));
        Assert.NotNull(etags[bytes[0] - 1]);
    }

    [Fact]
    public async Task Listing_of_more_than_a_page_is_whole()
    {
        const int count = 5200; // A page has at most 5,000.
        var store = Open();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Stop }, async (i, stop) => await store.PutIfAbsentAsync($"jobs/{i:00000}", new byte[1], stop));
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"jobs/{i:00000}"), (await ListAsync(store, "jobs/")).Select(a => a.Name));
    }

    [Fact]
    public async Task Stores_in_two_folders_of_a_container_are_apart()
    {
        var store = Open();
        var other = BlobArtifactStore.OpenEmulator(_address with { Prefix = "" }, new BlobStoreOptions(), TimeProvider.System);
        await store.PutIfAbsentAsync("a", new byte[1], Stop);
        Assert.Null(await other.ReadAsync("a", cancellationToken: Stop));
        Assert.Equal(["folder/a"], (await ListAsync(other, "")).Select(a => a.Name));
    }

    [Fact]
    public async Task Container_that_is_not_there_is_said_with_the_cure()
    {
        var store = BlobArtifactStore.OpenEmulator(_address with { Container = "nowhere" }, new BlobStoreOptions(), TimeProvider.System);
        var error = await Assert.ThrowsAsync<StoreException>(() => store.PutIfAbsentAsync("a", new byte[1], Stop));
        Assert.Contains("there is no such container", error.Message, StringComparison.Ordinal);
        Assert.Contains("Create it, or correct --store", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    protected override IArtifactStore Open() => Open(new BlobStoreOptions());

    protected override ValueTask CleanUpAsync() => ValueTask.CompletedTask; // It is in memory, and each test has a container of its own.

    private BlobArtifactStore Open(BlobStoreOptions options)
    {
        var store = BlobArtifactStore.OpenEmulator(_address, options, TimeProvider.System);
        if (!_isMade)
            store.CreateContainerAsync(Stop).Wait(Stop);
        _isMade = true;
        return store;
    }
}
