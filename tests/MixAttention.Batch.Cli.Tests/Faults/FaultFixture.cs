using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Tests.Support;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Cli.Tests.Faults;

/// <summary>A job, processes of mixbatch that work on it and die, and the audit of what they leave.</summary>
/// <remarks>
/// Every document has another number of tokens, so that the lengths of the prompts that a process computes tell which documents they are. The queue's clock of each life
/// is ahead of the one before by more than a lock lasts.
/// </remarks>
/// <param name="documents">How many documents have text; one without comes on top, and 64 make a shard.</param>
internal sealed class FaultFixture(int documents = FaultFixture.TwoShards) : IDisposable
{
    public const int OneShard = 60;
    public const int TwoShards = 70;

    private const int SecondsOfALife = 100;
    private const string JobId = "job";

    private static readonly ConcurrentDictionary<int, Lazy<Task<Undisturbed>>> CalmRuns = [];

    private readonly JobCommands _jobs = new();
    private int _lives;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static JobArtifacts Artifacts { get; } = new(JobId);

    public FolderArtifactStore Store => new(new JobFolder(_jobs.Store).Store, TimeProvider.System);

    private Task<Undisturbed> Calm => CalmRuns.GetOrAdd(documents, d => new Lazy<Task<Undisturbed>>(() => RunCalmlyAsync(d))).Value;

    /// <summary>Gets the number of tokens of a document's prompt.</summary>
    public async Task<int> PromptLengthAsync(int row) => (await Calm).PromptLengths[row];

    public async Task<string> CalmOutputAsync() => (await Calm).Output;

    public async Task SubmitAsync()
    {
        await Calm;
        WriteDocuments(_jobs, documents);
        await _jobs.SubmitAsync("--job-id", JobId, "--max-tokens", "2");
    }

    /// <summary>Starts a worker that meets a fault.</summary>
    /// <returns>The process, and the file that gets the length of each prompt that it computes.</returns>
    public (TestProcess Process, string Computed) Start(string kind, string at, params string[] options)
    {
        string computed = _jobs.Cli.Folder.Write($"computed-{++_lives}.txt", "");
        string[] worker = ["worker", "--store", _jobs.Store, "--model", ModelFlag.DemoModel, "--memory", "4MiB", "--idle-seconds", "0", "--checkpoint-seconds", "1", .. options];
        return (TestProcess.Start(["mixbatch", kind, at, computed, $"{_lives * SecondsOfALife}", .. worker]), computed);
    }

    /// <summary>Runs a worker to its end, and checks that it computes nothing that was kept before.</summary>
    /// <returns>Its exit code: 137 for SIGKILL.</returns>
    public async Task<int> RunAsync(string kind, string at)
    {
        var kept = await ReadKeptAsync();
        var (process, computed) = Start(kind, at);
        using var _ = process;
        var (exitCode, _, errors) = await process.WaitForEndAsync();
        Assert.True(exitCode is 0 or 137, errors);
        Assert.Empty((await RowsAsync(ReadLengths(computed))).Intersect(kept));
        return exitCode;
    }

    /// <summary>Runs an undisturbed worker in this process, and checks that it computes what was not kept and nothing else, and that all is as if nothing had happened.</summary>
    public async Task FinishAsync()
    {
        var kept = await ReadKeptAsync();
        var lengths = new List<int>();
        _jobs.Cli.BeforeStep = plan => lengths.AddRange(FaultyMixBatch.PromptLengths(plan));
        _jobs.Cli.QueueClock = new ShiftedTime(TimeSpan.FromSeconds(++_lives * SecondsOfALife));
        Assert.Equal(ExitCodes.Fine, await _jobs.WorkAsync());
        Assert.Equal(Enumerable.Range(0, documents).Except(kept), (await RowsAsync(lengths)).Order());
        await AssertUndisturbedAsync();
    }

    /// <summary>Checks that store and queue are those of an undisturbed run, byte for byte where results are concerned. A checkpoint may be left of who was stopped between a look and a write.</summary>
    public async Task AssertUndisturbedAsync()
    {
        var calm = await Calm;
        Assert.Equal(calm.Output, await ReadAsync(Artifacts.Output));
        Assert.Equal(calm.Errors, await ReadAsync(Artifacts.Errors));
        Assert.Equal(calm.Names, (await ListNamesAsync(Store)).Where(n => !n.Contains("/checkpoints/", StringComparison.Ordinal)));
        await using var queue = new SqliteJobQueue(new JobFolder(_jobs.Store).Queue, TimeSpan.FromMinutes(1), _jobs.Cli.QueueClock);
        Assert.Equal(new QueueCounts(0, 0, 0, 0), await queue.CountAsync(Stop));
    }

    /// <summary>Reads the rows that are committed or in a checkpoint.</summary>
    public async Task<HashSet<int>> ReadKeptAsync()
    {
        var plan = await JobPlan.ReadAsync(Store, (await JobManifest.ReadAsync(Store, Artifacts, Stop))!, Stop);
        return [.. await new JobResults(Store, Artifacts, plan).ReadAsync(withUnfinished: true, Stop).Select(l => l.Row).ToListAsync(Stop)];
    }

    public async Task<string> ReadAsync(string name) => System.Text.Encoding.UTF8.GetString((await Store.ReadBytesAsync(name, Stop))!.Bytes); // Asked for what is there.

    public static IEnumerable<int> ReadLengths(string computed) => File.ReadLines(computed).Select(l => int.Parse(l, CultureInfo.InvariantCulture));

    /// <summary>Tells which documents have prompts of these lengths.</summary>
    public async Task<IEnumerable<int>> RowsAsync(IEnumerable<int> lengths)
    {
        var calm = await Calm;
        return lengths.Select(l => Array.IndexOf(calm.PromptLengths, l));
    }

    public void Dispose() => _jobs.Dispose();

    public static void WriteDocuments(JobCommands jobs, int documents)
    {
        for (int i = 0; i < documents; i++)
            jobs.Cli.Folder.Write($"docs/doc-{i:000}.txt", string.Join(' ', Enumerable.Range(0, 3 + i).Select(w => $"w{w % 7}")));
        jobs.Cli.Folder.Write("docs/empty.txt", "");
    }

    private static async Task<Undisturbed> RunCalmlyAsync(int documents)
    {
        using var jobs = new JobCommands();
        WriteDocuments(jobs, documents);
        var lengths = new List<int>();
        jobs.Cli.BeforeStep = plan => lengths.AddRange(FaultyMixBatch.PromptLengths(plan));
        await jobs.SubmitAsync("--job-id", JobId, "--max-tokens", "2");
        Assert.Equal(ExitCodes.Fine, await jobs.WorkAsync());
        Assert.Equal(documents, lengths.Distinct().Count());
        var store = new FolderArtifactStore(new JobFolder(jobs.Store).Store, TimeProvider.System);
        return new Undisturbed(
            File.ReadAllText(Path.Combine(new JobFolder(jobs.Store).Store, Artifacts.Output)),
            File.ReadAllText(Path.Combine(new JobFolder(jobs.Store).Store, Artifacts.Errors)),
            await ListNamesAsync(store),
            [.. lengths.Order()]); // The documents are in the order of their lengths.
    }

    /// <summary>Lists what a store holds; ids that each submission makes anew are left out of the names.</summary>
    private static async Task<List<string>> ListNamesAsync(FolderArtifactStore store) =>
        await store.ListAsync("").Select(a => Regex.Replace(a.Name, "[0-9a-f]{32}", "ID")).ToListAsync();

    private sealed record Undisturbed(string Output, string Errors, List<string> Names, int[] PromptLengths);
}
