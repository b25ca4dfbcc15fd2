using Microsoft.Extensions.Time.Testing;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Store;

/// <summary>Runs the store's suite on a folder, and what a folder alone can meet.</summary>
public sealed class FolderArtifactStoreTests : ArtifactStoreSuite
{
    private readonly TemporaryFolder _outside = new();

    private string Root => _outside["store"];

    [Fact]
    public async Task Artifact_is_the_file_of_its_name()
    {
        await Open().PutIfAbsentAsync("jobs/a/part.jsonl", "text"u8.ToArray(), Stop);
        Assert.Equal("text", await File.ReadAllTextAsync(Path.Combine(Root, "jobs/a/part.jsonl"), Stop));
    }

    [Fact]
    public async Task Store_that_is_only_read_is_not_made()
    {
        Assert.Null(await Open().ReadAsync("a", cancellationToken: Stop));
        Assert.Empty(await ListAsync(Open(), ""));
        await Open().DeleteAsync("a", Stop);
        Assert.False(Directory.Exists(Root));
    }

    [Fact]
    public async Task Folders_that_become_empty_are_removed()
    {
        var store = Open();
        await store.PutIfAbsentAsync("jobs/a/outputs/part", new byte[1], Stop);
        await store.PutIfAbsentAsync("jobs/b", new byte[1], Stop);
        await store.DeleteAsync("jobs/a/outputs/part", Stop);
        Assert.Equal(["jobs"], Directory.GetDirectories(Root).Select(d => Path.GetFileName(d)).Where(d => d[0] != '.'));
        Assert.Empty(Directory.GetDirectories(Path.Combine(Root, "jobs")));
    }

    [Fact]
    public async Task Puts_and_deletes_in_one_folder_do_not_disturb_each_other()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(
            async () =>
            {
                var store = Open();
                for (int round = 0; round < 60; round++)
                {
                    Assert.NotNull(await store.PutIfAbsentAsync($"a/b/{i}", new byte[1], Stop));
                    await store.DeleteAsync($"a/b/{i}", Stop);
                }
            },
            Stop)));
    }

    [Fact]
    public async Task Name_that_other_names_continue_is_refused()
    {
        var store = Open();
        await store.PutIfAbsentAsync("a/b", new byte[1], Stop);
        Assert.Null(await store.ReadAsync("a", cancellationToken: Stop));
        Assert.Null(await store.ReadAsync("a/b/c", cancellationToken: Stop));
        var e = await Assert.ThrowsAsync<StoreException>(() => store.PutIfAbsentAsync("a", new byte[1], Stop));
        Assert.Contains("there are artifacts below a/, so it is a folder here. Choose another name.", e.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreException>(() => store.PutIfMatchAsync("a", etag: null, new byte[1], Stop));
        await Assert.ThrowsAsync<StoreException>(() => store.PutIfAbsentAsync("a/b/c", new byte[1], Stop));
    }

    [Theory]
    [InlineData("link")]
    [InlineData("jobs/link")]
    public async Task Links_are_not_followed_fault_36(string link)
    {
        _outside.Write("secret/file", "secret");
        Directory.CreateDirectory(Path.Combine(Root, "jobs"));
        Directory.CreateSymbolicLink(Path.Combine(Root, link), _outside["secret"]);
        File.CreateSymbolicLink(Path.Combine(Root, "jobs/file"), _outside["secret/file"]);

        var store = Open();
        foreach (string name in new[] { link + "/file", link + "/new", "jobs/file" })
        {
            var e = await Assert.ThrowsAsync<StoreException>(() => store.ReadAsync(name, cancellationToken: Stop));
            Assert.Contains("is a link, and a store follows none", e.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<StoreException>(() => store.PutIfAbsentAsync(name, new byte[1], Stop));
            await Assert.ThrowsAsync<StoreException>(() => store.PutIfMatchAsync(name, etag: null, new byte[1], Stop));
            await Assert.ThrowsAsync<StoreException>(() => store.DeleteAsync(name, Stop));
        }

        Assert.Empty(await ListAsync(store, ""));
        await Assert.ThrowsAsync<StoreException>(() => ListAsync(store, link + "/"));
        Assert.Equal(["secret/file"], _outside.Files("secret"));
        Assert.Equal("secret", await File.ReadAllTextAsync(_outside["secret/file"], Stop));
    }

    [Fact]
    public async Task Store_may_be_a_link_itself()
    {
        Directory.CreateDirectory(_outside["real"]);
        Directory.CreateSymbolicLink(Root, _outside["real"]);
        await Open().PutIfAbsentAsync("a", new byte[1], Stop);
        Assert.True(File.Exists(_outside["real/a"]));
    }

    [Fact]
    public async Task Files_of_dead_processes_are_removed_and_those_of_living_ones_stay()
    {
        await Open().PutIfAbsentAsync("a", new byte[1], Stop);
        string dead = _outside.Write("store/.tmp/dead", "half"), young = _outside.Write("store/.tmp/young", "half"), living = _outside.Write("store/.tmp/living", "half");
        var old = DateTime.UnixEpoch.AddYears(40);
        File.SetLastWriteTimeUtc(dead, old);
        using var writer = new FileStream(living, FileMode.Open, FileAccess.Write, FileShare.None);
        File.SetLastWriteTimeUtc(writer.SafeFileHandle, old);

        await Open().PutIfAbsentAsync("b", new byte[1], Stop);
        Assert.False(File.Exists(dead));
        Assert.True(File.Exists(young) && File.Exists(living));
        Assert.Equal(["a", "b"], (await ListAsync(Open(), "")).Select(a => a.Name));
    }

    [Fact]
    public async Task Puts_leave_no_file_behind()
    {
        var store = Open();
        string? etag = await store.PutIfAbsentAsync("a", new byte[1], Stop);
        await store.PutIfAbsentAsync("a", new byte[1], Stop);
        await store.PutIfMatchAsync("a", etag, new byte[1], Stop);
        await store.PutIfMatchAsync("a", etag, new byte[1], Stop);
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.PutIfAbsentAsync("b", (_, _) => throw new InvalidOperationException(), Stop));
        Assert.Empty(Directory.GetFiles(Path.Combine(Root, ".tmp")));
    }

    [Fact]
    public async Task Process_that_does_not_let_go_of_a_name_is_reported_as_passing()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var store = new FolderArtifactStore(Root, time);
        await store.PutIfMatchAsync("a", etag: null, "before"u8.ToArray(), Stop);
        string locks = Assert.Single(Directory.GetFiles(Path.Combine(Root, ".locks")));
        using (new FileStream(locks, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            var putting = store.PutIfMatchAsync("a", etag: null, "after"u8.ToArray(), Stop);
            while (!putting.IsCompleted)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }

            var e = await Assert.ThrowsAsync<StoreException>(() => putting);
            Assert.True(e.IsTransient);
            Assert.Contains("Let that process run on or kill it", e.Message, StringComparison.Ordinal);
            Assert.Equal("before"u8.ToArray(), (await store.ReadBytesAsync("a", Stop))!.Bytes);
        }

        Assert.NotNull(await store.PutIfMatchAsync("a", etag: null, "after"u8.ToArray(), Stop));
    }

    [Fact]
    public async Task Disk_that_is_full_is_reported_and_leaves_what_was_whole_fault_20()
    {
        using var folder = new TemporaryFolder();
        using var process = TestProcess.StartOnSmallDisk(folder.Path, kilobytes: 400, ["store", "fill", folder["store"]], ["store", "change", folder["store"]]);
        Assert.SkipWhen(process is null, "This user may not mount a small file system.");
        string[] lines = await process.ReadToEndAsync();
        Assert.Equal("False", lines[0]);
        Assert.Matches($"Cannot write part/[0-9]+ in the store {folder["store"]}: .*No space.* Free some space there and run again: what is committed stays.", lines[1]);
        Assert.Equal(["True", "True"], lines[2..4]); // Whole artifacts alone are listed; once there is room, it goes on.

        // The same file system, read-only.
        Assert.Equal(["20000", "False"], lines[4..6]);
        Assert.Matches("Cannot write more in the store .*Read-only.* Make the file system writable or choose another folder.", lines[6]);
    }

    protected override IArtifactStore Open() => new FolderArtifactStore(Root, TimeProvider.System);

    protected override ValueTask CleanUpAsync()
    {
        _outside.Dispose();
        return ValueTask.CompletedTask;
    }
}
