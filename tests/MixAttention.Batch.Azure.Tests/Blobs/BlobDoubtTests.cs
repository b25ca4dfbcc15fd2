using MixAttention.Batch.Azure.Blobs;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Azure.Tests.Blobs;

/// <summary>What somebody else does between two requests of one call.</summary>
[Collection(nameof(AzuriteServer))]
public sealed class BlobDoubtTests(AzuriteServer server)
{
    private readonly BlobAddress _address = new(server.Endpoint, $"c{Guid.NewGuid():N}", "");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, 10)]
    [InlineData(false, 250)]
    [InlineData(true, 10)]
    [InlineData(true, 250)]
    public async Task Put_whose_reply_is_lost_and_whose_version_is_replaced_is_not_said_to_have_lost_fault_13(bool exists, int length)
    {
        var direct = await OpenAsync();
        string? former = exists ? await direct.PutIfAbsentAsync("a", new byte[1], Stop) : null;
        int commit = length > 100 ? 4 : 1; // After the look at the name, and the blocks.
        await using var proxy = await FaultProxy.StartAsync(server.Port, request =>
        {
            if (request == commit + 1)
                direct.PutIfMatchAsync("a", etag: null, new byte[2], Stop).Wait(Stop);
            return request == commit ? HttpFault.DroppedReply : null;
        });
        var store = Open(proxy.Port);
        var error = await Assert.ThrowsAsync<StoreException>(() => exists ? store.PutIfMatchAsync("a", former, new byte[length], Stop) : store.PutIfAbsentAsync("a", new byte[length], Stop));
        Assert.True(error.IsTransient);
        Assert.Contains("Read it before you write again", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(250)]
    public async Task Put_that_somebody_overtakes_has_lost_and_is_in_no_doubt(int length)
    {
        var direct = await OpenAsync();
        await using var proxy = await FaultProxy.StartAsync(server.Port, request =>
        {
            if (request == 1)
                direct.PutIfAbsentAsync("a", new byte[2], Stop).Wait(Stop);
            return null;
        });
        Assert.Null(await Open(proxy.Port).PutIfAbsentAsync("a", new byte[length], Stop));
        Assert.Equal(2, (await direct.ReadBytesAsync("a", Stop))!.Bytes.Length);
    }

    [Fact]
    public async Task Reader_of_an_empty_version_that_is_replaced_meanwhile_reads_one_of_them_fault_42()
    {
        var direct = await OpenAsync();
        await direct.PutIfAbsentAsync("a", Array.Empty<byte>(), Stop);
        await using var proxy = await FaultProxy.StartAsync(server.Port, request =>
        {
            if (request == 1)
                direct.PutIfMatchAsync("a", etag: null, new byte[7], Stop).Wait(Stop);
            return null;
        });
        Assert.Equal(7, (await Open(proxy.Port).ReadBytesAsync("a", Stop))!.Bytes.Length);
    }

    private async Task<BlobArtifactStore> OpenAsync()
    {
        var store = Open(server.Port);
        await store.CreateContainerAsync(Stop);
        return store;
    }

    private BlobArtifactStore Open(int port) => BlobArtifactStore.OpenEmulator(
        _address with { Account = new Uri($"http://127.0.0.1:{port}/devstoreaccount1") }, new BlobStoreOptions { BlockBytes = 100 }, TimeProvider.System);
}
