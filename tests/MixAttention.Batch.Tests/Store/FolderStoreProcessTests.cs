using System.Text;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Store;

/// <summary>Several processes on one folder, some of them killed with SIGKILL.</summary>
public sealed class FolderStoreProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderArtifactStore _store;

    public FolderStoreProcessTests() => _store = new FolderArtifactStore(_folder["store"], TimeProvider.System);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Put_if_absent_of_processes_succeeds_for_one()
    {
        const int names = 100;
        string[][] won = await RunTogetherAsync(process => ["create", process, $"{names}"]);
        Assert.Equal(Enumerable.Range(0, names).Select(i => $"race/{i:000}"), won.SelectMany(w => w).Order(StringComparer.Ordinal));
        for (int process = 0; process < won.Length; process++)
        {
            foreach (string name in won[process])
                Assert.Equal($"{process}", Encoding.UTF8.GetString((await _store.ReadBytesAsync(name, Stop))!.Bytes));
        }
    }

    [Fact]
    public async Task Put_if_match_of_processes_loses_no_increment()
    {
        await RunTogetherAsync(_ => ["count", "40"]);
        Assert.Equal("160", Encoding.UTF8.GetString((await _store.ReadBytesAsync("counter", Stop))!.Bytes));
    }

    [Fact]
    public async Task Writer_killed_in_the_middle_leaves_nothing_to_see()
    {
        using var process = Start("half", "a/b");
        Assert.Equal("half", await process.ReadLineAsync());
        Assert.Null(await _store.ReadAsync("a/b", cancellationToken: Stop));
        process.Kill();
        Assert.Null(await _store.ReadAsync("a/b", cancellationToken: Stop));
        Assert.Empty(await _store.ListAsync("", Stop).ToListAsync(Stop));

        string left = Assert.Single(Directory.GetFiles(_folder["store/.tmp"]));
        File.SetLastWriteTimeUtc(left, DateTime.UnixEpoch.AddYears(40));
        Assert.NotNull(await _store.PutIfAbsentAsync("a/b", "whole"u8.ToArray(), Stop));
        Assert.False(File.Exists(left));
    }

    [Fact]
    public async Task Writers_killed_at_any_instruction_leave_whole_artifacts_only()
    {
        var random = new Random(3);
        for (int kills = 0; kills < 10; kills++)
        {
            using (var process = Start("churn"))
            {
                for (int lines = random.Next(1, 25); lines > 0; lines--)
                {
                    string name = (await process.ReadLineAsync())!;
                    Assert.NotNull(await _store.ReadAsync(name, cancellationToken: Stop)); // What was said to be there is there.
                }

                process.Kill();
            }

            await foreach (var artifact in _store.ListAsync("", Stop))
            {
                byte[] bytes = (await _store.ReadBytesAsync(artifact.Name, Stop))!.Bytes;
                Assert.Equal(StoreProcess.ChurnBytes, bytes.Length);
                Assert.True(bytes.AsSpan().IndexOfAnyExcept(bytes[0]) < 0, $"{artifact.Name} is a mixture.");
            }
        }
    }

    private TestProcess Start(string mode, params string[] arguments) => TestProcess.Start(["store", mode, _folder["store"], .. arguments]);

    private async Task<string[][]> RunTogetherAsync(Func<string, string[]> arguments)
    {
        var processes = Enumerable.Range(0, 4).Select(i => arguments($"{i}")).Select(a => Start(a[0], a[1..])).ToList();
        foreach (var process in processes)
            Assert.Equal("ready", await process.ReadLineAsync());
        processes.ForEach(p => p.Go());
        var lines = new List<string[]>();
        foreach (var process in processes)
        {
            lines.Add(await process.ReadToEndAsync());
            process.Dispose();
        }

        return [.. lines];
    }
}
