using System.Globalization;
using System.Text;
using CsCheck;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Tests.Store;

/// <summary>What every store must do; a derived class gives an empty one.</summary>
public abstract class ArtifactStoreSuite : IAsyncDisposable
{
    public static TheoryData<string> BadNames => [.. ArtifactNameTests.Bad];

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Adds one to a number in a store, however many others do so at the same time.</summary>
    public static async Task IncrementAsync(IArtifactStore store, string name)
    {
        while (true)
        {
            var current = await store.ReadBytesAsync(name);
            byte[] next = Encoding.UTF8.GetBytes((Number(current) + 1).ToString(CultureInfo.InvariantCulture));
            string? etag = current is null ? await store.PutIfAbsentAsync(name, next) : await store.PutIfMatchAsync(name, current.ETag, next);
            if (etag is not null)
                return;
        }
    }

    [Fact]
    public async Task Artifact_is_read_as_it_was_put()
    {
        var store = Open();
        Assert.Null(await store.ReadBytesAsync("jobs/a/part.jsonl", Stop));
        string? etag = await store.PutIfAbsentAsync("jobs/a/part.jsonl", "some text"u8.ToArray(), Stop);
        var read = await Open().ReadBytesAsync("jobs/a/part.jsonl", Stop);
        Assert.Equal(("some text", etag), (Text(read), read!.ETag));
        Assert.Equal([new ArtifactInfo("jobs/a/part.jsonl", 9, etag!)], await ListAsync(store, ""));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5_000_000)]
    public async Task Artifact_of_any_size_is_whole(int length)
    {
        var store = Open();
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        await store.PutIfAbsentAsync("a", content, Stop);
        Assert.Equal(content, (await store.ReadBytesAsync("a", Stop))!.Bytes);
        await store.PutIfMatchAsync("b", etag: null, content, Stop);
        Assert.Equal(content, (await store.ReadBytesAsync("b", Stop))!.Bytes);
    }

    [Fact]
    public async Task Put_if_absent_leaves_what_is_there()
    {
        var store = Open();
        string? first = await store.PutIfAbsentAsync("a", "first"u8.ToArray(), Stop);
        Assert.Null(await store.PutIfAbsentAsync("a", (_, _) => throw new InvalidOperationException("The name is seen to exist."), Stop));
        Assert.Equal(("first", first), (Text(await store.ReadBytesAsync("a", Stop)), (await store.ReadBytesAsync("a", Stop))!.ETag));
    }

    [Fact]
    public async Task Put_if_match_replaces_the_version_it_names_alone()
    {
        var store = Open();
        Assert.Null(await store.PutIfMatchAsync("a", "none", "x"u8.ToArray(), Stop));
        string? first = await store.PutIfAbsentAsync("a", "first"u8.ToArray(), Stop);
        string? second = await store.PutIfMatchAsync("a", first, "second"u8.ToArray(), Stop);
        Assert.NotNull(second);
        Assert.Null(await store.PutIfMatchAsync("a", first, "third"u8.ToArray(), Stop));
        Assert.Equal("second", Text(await store.ReadBytesAsync("a", Stop)));
        Assert.NotNull(await store.PutIfMatchAsync("a", second, "third"u8.ToArray(), Stop));
    }

    [Fact]
    public async Task Put_if_match_without_a_version_creates_or_replaces()
    {
        var store = Open();
        string? first = await store.PutIfMatchAsync("a", etag: null, "first"u8.ToArray(), Stop);
        string? second = await store.PutIfMatchAsync("a", etag: null, "second"u8.ToArray(), Stop);
        Assert.NotEqual(first, second);
        Assert.Equal(("second", second), (Text(await store.ReadBytesAsync("a", Stop)), (await store.ReadBytesAsync("a", Stop))!.ETag));
    }

    [Fact]
    public async Task ETag_is_another_for_every_version_also_of_equal_content()
    {
        var store = Open();
        var etags = new List<string?> { await store.PutIfAbsentAsync("a", "same"u8.ToArray(), Stop) };
        for (int i = 0; i < 20; i++)
            etags.Add(await store.PutIfMatchAsync("a", etags[^1], "same"u8.ToArray(), Stop));
        for (int i = 0; i < 20; i++)
        {
            await store.DeleteAsync("a", Stop);
            etags.Add(await store.PutIfAbsentAsync("a", "same"u8.ToArray(), Stop));
        }

        Assert.DoesNotContain(null, etags);
        Assert.Equal(etags.Count, etags.Distinct().Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Writer_that_fails_leaves_what_was_there(bool exists)
    {
        var store = Open();
        string? etag = exists ? await store.PutIfAbsentAsync("a", "before"u8.ToArray(), Stop) : null;
        static async Task FailAsync(Stream stream, CancellationToken stop)
        {
            await stream.WriteAsync(new byte[100_000], stop);
            throw new InvalidOperationException("The writer fails.");
        }

        await Assert.ThrowsAsync<InvalidOperationException>(() => exists ? store.PutIfMatchAsync("a", etag, FailAsync, Stop) : store.PutIfAbsentAsync("a", FailAsync, Stop));
        Assert.Equal(exists ? "before" : null, Text(await store.ReadBytesAsync("a", Stop)));
        Assert.Equal(exists ? 1 : 0, (await ListAsync(store, "")).Length);
    }

    [Fact]
    public async Task Writer_that_is_cancelled_leaves_nothing()
    {
        var store = Open();
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.PutIfAbsentAsync(
            "a",
            async (stream, stop) =>
            {
                await stream.WriteAsync(new byte[10], stop);
                await cancel.CancelAsync();
            },
            cancel.Token));
        Assert.Empty(await ListAsync(store, ""));
    }

    [Theory]
    [InlineData(0, null, "0123456789")]
    [InlineData(3, null, "3456789")]
    [InlineData(0, 4, "0123")]
    [InlineData(3, 4, "3456")]
    [InlineData(8, 4, "89")]
    [InlineData(3, 0, "")]
    [InlineData(10, null, "")]
    [InlineData(10, 1, "")]
    [InlineData(1000, 5, "")]
    public async Task Range_is_read(int offset, int? length, string expected)
    {
        var store = Open();
        string? etag = await store.PutIfAbsentAsync("a", "0123456789"u8.ToArray(), Stop);
        await using var content = await store.ReadAsync("a", offset, length, Stop);
        using var reader = new StreamReader(content!.Stream);
        Assert.Equal((expected, 10, etag), (await reader.ReadToEndAsync(Stop), content.Length, content.ETag));
    }

    [Fact]
    public async Task List_is_in_ordinal_order_of_whole_names()
    {
        string[] names = ["a-b", "a.c", "a/b", "a/b.d", "a/b0/c", "a0", "B", "_C/d", "a/B/c/d/e"];
        var store = Open();
        foreach (string name in names)
            await store.PutIfAbsentAsync(name, Encoding.UTF8.GetBytes(name), Stop);
        Assert.Equal(names.Order(StringComparer.Ordinal), (await ListAsync(store, "")).Select(a => a.Name));
        foreach (string prefix in new[] { "a", "a/", "a/b", "a/B/c", "_", "x", "x/y/", "a/b.d", "a/b.d/" })
            Assert.Equal(names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal), (await ListAsync(store, prefix)).Select(a => a.Name));
    }

    [Fact]
    public async Task Delete_removes_an_artifact_and_nothing_else()
    {
        var store = Open();
        await store.DeleteAsync("a/b/c", Stop);
        string? etag = await store.PutIfAbsentAsync("a/b/c", "x"u8.ToArray(), Stop);
        await store.PutIfAbsentAsync("a/d", "x"u8.ToArray(), Stop);
        await store.DeleteAsync("a/b", Stop);
        await store.DeleteAsync("a/b/c", Stop);
        Assert.Null(await store.ReadBytesAsync("a/b/c", Stop));
        Assert.Null(await store.PutIfMatchAsync("a/b/c", etag, "y"u8.ToArray(), Stop));
        Assert.Equal(["a/d"], (await ListAsync(store, "")).Select(a => a.Name));
        Assert.NotNull(await store.PutIfAbsentAsync("a/b/c", "x"u8.ToArray(), Stop));
    }

    [Theory]
    [MemberData(nameof(BadNames))]
    public async Task Name_that_is_not_allowed_is_refused_by_every_verb_fault_36(string name)
    {
        var store = Open();
        await Assert.ThrowsAsync<ArgumentException>(() => store.ReadAsync(name, cancellationToken: Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => store.PutIfAbsentAsync(name, new byte[1], Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => store.PutIfMatchAsync(name, etag: null, new byte[1], Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => store.DeleteAsync(name, Stop));
        Assert.Empty(await ListAsync(store, ""));
    }

    [Fact]
    public async Task Put_if_absent_of_many_at_once_succeeds_for_one()
    {
        for (int round = 0; round < 10; round++)
        {
            string name = $"race/{round}";
            string?[] etags = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Open().PutIfAbsentAsync(name, Encoding.UTF8.GetBytes($"{i}"), Stop), Stop)));
            int winner = Array.FindIndex(etags, e => e is not null);
            Assert.Equal(1, etags.Count(e => e is not null));
            Assert.Equal($"{winner}", Text(await Open().ReadBytesAsync(name, Stop)));
        }
    }

    [Fact]
    public async Task Put_if_match_of_many_at_once_loses_no_increment()
    {
        const int each = 15;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            async () =>
            {
                var store = Open();
                for (int i = 0; i < each; i++)
                    await IncrementAsync(store, "counter");
            },
            Stop)));
        Assert.Equal(4 * each, Number(await Open().ReadBytesAsync("counter", Stop)));
    }

    [Fact]
    public async Task Reader_of_an_artifact_that_is_replaced_and_deleted_reads_one_version_to_its_end_fault_42()
    {
        var store = Open();
        string? etag = await store.PutIfAbsentAsync("a", Enumerable.Repeat((byte)1, 1_000_000).ToArray(), Stop);
        await using var content = await store.ReadAsync("a", cancellationToken: Stop);
        byte[] first = new byte[10];
        await content!.Stream.ReadExactlyAsync(first, Stop);
        await store.PutIfMatchAsync("a", etag, Enumerable.Repeat((byte)2, 500).ToArray(), Stop);
        await store.DeleteAsync("a", Stop);
        byte[] rest = new byte[1_000_000 - 10];
        await content.Stream.ReadExactlyAsync(rest, Stop);
        Assert.All(rest, b => Assert.Equal(1, b));
    }

    [Fact]
    public async Task Reader_meets_whole_versions_only_while_they_are_replaced_fault_42()
    {
        var store = Open();
        string? etag = await store.PutIfAbsentAsync("a", Version(0), Stop);
        var writing = Task.Run(
            async () =>
            {
                for (int i = 1; i < 60; i++)
                    etag = await store.PutIfMatchAsync("a", etag, Version(i), Stop);
            },
            Stop);
        do
        {
            byte[] bytes = (await store.ReadBytesAsync("a", Stop))!.Bytes;
            Assert.Equal(Version(bytes[0]), bytes);
        }
        while (!writing.IsCompleted);
        await writing;

        static byte[] Version(int i) => Enumerable.Repeat((byte)i, 70_000 + i).ToArray();
    }

    [Fact]
    public Task Names_of_one_store_are_apart() => Gen.String[Gen.Char["abAB01._-"], 1, 6].Array[1, 3].Select(s => string.Join('/', s)).Array[2].SampleAsync(
        async names =>
        {
            if (!names.All(ArtifactName.IsValid) || names[0] == names[1] || names[0].StartsWith(names[1] + "/", StringComparison.Ordinal) || names[1].StartsWith(names[0] + "/", StringComparison.Ordinal))
                return;
            var store = Open();
            foreach (string name in names)
                Assert.NotNull(await store.PutIfAbsentAsync(name, Encoding.UTF8.GetBytes(name), Stop));
            foreach (string name in names)
            {
                Assert.Equal(name, Text(await store.ReadBytesAsync(name, Stop)));
                await store.DeleteAsync(name, Stop);
            }
        },
        iter: 100,
        threads: 1);

    /// <summary>Opens the test's store, as another process would; it is empty at first.</summary>
    protected abstract IArtifactStore Open();

    /// <summary>Removes what the test made.</summary>
    protected abstract ValueTask CleanUpAsync();

    protected static async Task<ArtifactInfo[]> ListAsync(IArtifactStore store, string prefix) => await store.ListAsync(prefix, Stop).ToArrayAsync(Stop);

    private static string? Text(ArtifactBytes? artifact) => artifact is null ? null : Encoding.UTF8.GetString(artifact.Bytes);

    private static int Number(ArtifactBytes? artifact) => artifact is null ? 0 : int.Parse(Encoding.UTF8.GetString(artifact.Bytes), CultureInfo.InvariantCulture);
}
