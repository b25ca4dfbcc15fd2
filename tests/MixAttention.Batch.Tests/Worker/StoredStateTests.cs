using System.Runtime.CompilerServices;
using MixAttention.Batch.Inputs;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Tests.Support;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>Holds later versions to what each version has left half done: store and queue of a job, one shard committed, another with a checkpoint.</summary>
public sealed class StoredStateTests
{
    private const int Documents = 8;
    private const string CurrentVersion = "v1";
    private const string Expected = "expected.jsonl";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static string Root => Path.Combine(AppContext.BaseDirectory, "Worker", "StoredStates");

    public static TheoryData<string> Versions => [.. Directory.EnumerateDirectories(Root).Select(f => Path.GetFileName(f))];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Job_that_a_version_left_half_done_is_finished_and_nothing_kept_runs_again_fault_28(string version)
    {
        await using var fixture = new WorkerFixture(Path.Combine(Root, version));
        int kept = await fixture.CountKeptAsync();
        Assert.InRange(kept, 5, Documents - 1);
        var manifest = (await JobManifest.ReadAsync(fixture.Store, fixture.Artifacts, Stop))!;
        var status = await new JobStatusReader(fixture.Store, fixture.Queue).ReadAsync(manifest, Stop);
        Assert.Equal((BatchStatus.InProgress, new RequestCounts(Documents, kept, 0)), (status.Status, status.RequestCounts));

        Assert.Equal(Documents - kept, await fixture.WorkUntilIdleAsync());
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Root, version, Expected), Stop), await fixture.ReadAsync(fixture.Artifacts.Output));
        Assert.Equal(new QueueCounts(0, 0, 0, 0), await fixture.Queue.CountAsync(Stop));
    }

    /// <summary>Writes the fixture of the current version, until that is released; those of former versions are never written again.</summary>
    [Fact(Explicit = true)]
    public async Task Write_the_current_version()
    {
        string[] lines = [.. Enumerable.Range(0, Documents).Select(i => $"{{\"id\":\"doc-{i}\",\"text\":\"{string.Join(' ', Enumerable.Repeat("word", 3 + i))}\"}}")];
        string target = Path.Combine(Path.GetDirectoryName(ThisFile())!, "StoredStates", CurrentVersion);
        await using (var calm = await SubmitAsync(lines))
        {
            await calm.WorkAsync();
            Directory.CreateDirectory(target);
            await File.WriteAllTextAsync(Path.Combine(target, Expected), await calm.ReadAsync(calm.Artifacts.Output), Stop);
        }

        await using var fixture = await SubmitAsync(lines);
        await fixture.StopMidwayAsync(steps: 44);
        await fixture.Queue.DisposeAsync();
        string state = fixture.Job.Folder["state"];
        foreach (string file in Directory.EnumerateFiles(state, "*", SearchOption.AllDirectories).Where(f => !f.Contains("/.", StringComparison.Ordinal)))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(state, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }
    }

    private static async Task<WorkerFixture> SubmitAsync(string[] lines)
    {
        var fixture = new WorkerFixture();
        fixture.Job.Folder.Write("in.jsonl", string.Join('\n', lines));
        (fixture.Job.LinesFile, fixture.Job.MaxSequences) = ("in.jsonl", 1);
        fixture.Job.Described = new JobInput(JobInput.DocumentLines, 20_000) { Fields = new DocumentFields() };
        await fixture.SubmitAsync();
        return fixture;
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
