using System.Text;
using Azure;
using Azure.Identity;
using MixAttention.Batch.Azure.Blobs;
using MixAttention.Batch.Store;
using Polly.Simmy;

namespace MixAttention.Batch.Azure.Tests.Blobs;

/// <summary>Every verb under every fault between client and server: its result is right, or it throws what the interface allows, and never says that somebody else has won what it won itself.</summary>
[Collection(nameof(AzuriteServer))]
public sealed class BlobFaultTests(AzuriteServer server)
{
    private const int BlockBytes = 1000;

    private static readonly string[] Verbs = ["put", "put-blocks", "replace", "replace-blocks", "read", "read-long", "find", "list", "delete"];

    private readonly BlobAddress _direct = new(server.Endpoint, $"c{Guid.NewGuid():N}", "");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, HttpFault> Faults =>
    [
        .. from verb in Verbs
           from fault in Enum.GetValues<HttpFault>()
           where fault != HttpFault.Forbidden
           select new TheoryDataRow<string, HttpFault>(verb, fault),
    ];

    public static TheoryData<string> AllVerbs => [.. Verbs];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Verb_whose_requests_all_fail_once_has_the_right_result_fault_12_13(string verb, HttpFault fault)
    {
        await PrepareAsync();
        await using var proxy = await FaultProxy.StartAsync(server.Port, request => request % 2 == 0 ? fault : null);
        var store = Open(proxy);
        await ActAsync(verb, store);
        Assert.True(proxy.Requests > 1);
    }

    [Theory]
    [MemberData(nameof(AllVerbs))]
    public async Task Verb_that_nobody_answers_fails_as_something_that_may_pass_fault_12(string verb)
    {
        await PrepareAsync();
        await using var proxy = await FaultProxy.StartAsync(server.Port, _ => HttpFault.DroppedRequest);
        var error = await Assert.ThrowsAsync<StoreException>(() => ActAsync(verb, Open(proxy)));
        Assert.True(error.IsTransient);
        Assert.Contains("Try again; if that lasts, check that this machine reaches it", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(AllVerbs))]
    public async Task Verb_that_is_forbidden_names_the_role(string verb)
    {
        await PrepareAsync();
        await using var proxy = await FaultProxy.StartAsync(server.Port, _ => HttpFault.Forbidden);
        var error = await Assert.ThrowsAsync<StoreException>(() => ActAsync(verb, Open(proxy)));
        Assert.False(error.IsTransient);
        Assert.Contains("Storage Blob Data Contributor", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, proxy.Requests);
    }

    [Fact]
    public async Task Store_that_is_busy_is_not_asked_again_before_it_says_fault_8()
    {
        await PrepareAsync();
        var times = new List<long>();
        await using var proxy = await FaultProxy.StartAsync(server.Port, request =>
        {
            lock (times)
                times.Add(TimeProvider.System.GetTimestamp());
            return request == 0 ? HttpFault.Busy : null;
        });
        await ActAsync("find", Open(proxy));
        Assert.InRange(TimeProvider.System.GetElapsedTime(times[0], times[1]), TimeSpan.FromSeconds(0.9), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Token_that_ran_out_may_be_renewed_and_a_role_that_was_never_there_is_missing_fault_19()
    {
        var failures = new BlobFailures(_direct);
        Assert.False(failures.IsTransient(new RequestFailedException(401, "no")));
        Assert.True(failures.IsTransient(new AuthenticationFailedException("The identity service does not answer.")));
        failures.NoteSuccess();
        Assert.True(failures.IsTransient(new RequestFailedException(401, "no")));
        Assert.Contains("az login", failures.Explain("read a", new AuthenticationFailedException("no")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_that_fail_and_are_late_at_random_lose_no_increment_fault_12_13()
    {
        await PrepareAsync();
        var random = new Random(1);
        var store = BlobArtifactStore.OpenEmulator(
            _direct,
            new BlobStoreOptions { FirstPause = TimeSpan.FromMilliseconds(20) },
            TimeProvider.System,
            builder => builder.AddChaosFault(0.2, () => new RequestFailedException(503, "chaos")).AddChaosLatency(0.2, TimeSpan.FromMilliseconds(random.Next(50))));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (int i = 0; i < 5; i++)
                await Batch.Tests.Store.ArtifactStoreSuite.IncrementAsync(store, "counter");
        }));
        Assert.Equal("20", Encoding.UTF8.GetString((await store.ReadBytesAsync("counter", Stop))!.Bytes));
        Assert.True(store.Retries > 0);
    }

    /// <summary>Does what a verb is for, and checks it.</summary>
    private async Task ActAsync(string verb, BlobArtifactStore store)
    {
        byte[] content = Enumerable.Repeat((byte)5, verb.EndsWith("-blocks", StringComparison.Ordinal) ? 3500 : 500).ToArray();
        switch (verb)
        {
            case "put" or "put-blocks":
                string? made = await store.PutIfAbsentAsync("new", content, Stop);
                Assert.NotNull(made);
                await AssertHoldsAsync("new", content, made);
                break;
            case "replace" or "replace-blocks":
                string? replaced = await store.PutIfMatchAsync("a", (await Direct().FindETagAsync("a", Stop))!, content, Stop);
                Assert.NotNull(replaced);
                await AssertHoldsAsync("a", content, replaced);
                break;
            case "read" or "read-long":
                string name = verb == "read" ? "a" : "long";
                Assert.Equal((await Direct().ReadBytesAsync(name, Stop))!.Bytes, (await store.ReadBytesAsync(name, Stop))!.Bytes);
                break;
            case "find":
                Assert.Equal(await Direct().FindETagAsync("a", Stop), await store.FindETagAsync("a", Stop));
                break;
            case "list":
                Assert.Equal(["a", "long"], await store.ListAsync("", Stop).Select(a => a.Name).ToListAsync(Stop));
                break;
            default:
                await store.DeleteAsync("a", Stop);
                Assert.Null(await Direct().FindETagAsync("a", Stop));
                break;
        }
    }

    private async Task AssertHoldsAsync(string name, byte[] content, string etag)
    {
        var held = (await Direct().ReadBytesAsync(name, Stop))!;
        Assert.Equal(content, held.Bytes);
        Assert.Equal(etag, held.ETag);
    }

    private async Task PrepareAsync()
    {
        var store = Direct();
        await store.CreateContainerAsync(Stop);
        await store.PutIfAbsentAsync("a", new byte[300], Stop);
        await store.PutIfAbsentAsync("long", Enumerable.Range(0, 4500).Select(i => (byte)i).ToArray(), Stop);
    }

    private BlobArtifactStore Direct() => BlobArtifactStore.OpenEmulator(_direct, new BlobStoreOptions(), TimeProvider.System);

    private BlobArtifactStore Open(FaultProxy proxy) => BlobArtifactStore.OpenEmulator(
        _direct with { Account = new Uri($"http://127.0.0.1:{proxy.Port}/devstoreaccount1") }, new BlobStoreOptions { BlockBytes = BlockBytes, CallTimeout = TimeSpan.FromSeconds(2), FirstPause = TimeSpan.FromMilliseconds(20) }, TimeProvider.System);
}
