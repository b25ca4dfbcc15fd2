using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using MixAttention.Batch.Jobs;

namespace MixAttention.Batch.Tests.Support.Stepping;

/// <summary>One run of a scenario: its workers on one store, moved one call at a time.</summary>
internal sealed partial class Stage : IAsyncDisposable
{
    private readonly Scenario _scenario;
    private readonly MemoryArtifactStore _store;
    private readonly OwnershipRules _rules;
    private readonly List<SteppedWorker> _workers = [];
    private readonly List<string> _seen = []; // By worker: a digest of all that its calls have met, which is all that its own state depends on.
    private readonly HashSet<string> _completed = [];
    private readonly Dictionary<string, string> _owners = []; // Names of workers in states are made of chance; here they are numbers.
    private readonly List<string> _steps = [];

    private Stage(Scenario scenario, MemoryArtifactStore store, IEnumerable<string> completed)
    {
        _scenario = scenario;
        _store = store;
        _rules = new OwnershipRules(scenario);
        _completed.UnionWith(completed);
    }

    /// <summary>Gets the calls so far.</summary>
    public string Steps => string.Join("; ", _steps);

    /// <summary>Gets the workers that have not ended.</summary>
    public IReadOnlyList<int> Ready => [.. Enumerable.Range(0, _workers.Count).Where(w => _workers[w].Next is not null)];

    /// <summary>Gets a digest of everything outside the workers.</summary>
    public string World => Digest("") + string.Join(',', _completed.Order());

    /// <summary>Gets a digest of everything: two stages that have the same go on in the same way.</summary>
    public string Everything => World + string.Concat(_workers.Select((w, i) => $"{_seen[i]}{w.Next?.Step};"));

    /// <summary>Brings the workers to their first calls.</summary>
    public static async Task<Stage> StartAsync(Scenario scenario)
    {
        var stage = new Stage(scenario, scenario.Store.Copy(), []);
        foreach (var message in scenario.Deliveries)
            await stage.AddAsync(message);
        return stage;
    }

    /// <summary>Lets a worker make a call.</summary>
    public async Task StepAsync(int worker)
    {
        var stepped = _workers[worker];
        var call = stepped.Next!; // It has not ended.
        _steps.Add($"{worker}: {call.Step}");
        _seen[worker] = Hash(_seen[worker] + call.Step + Digest(call.About));
        var before = _store.Artifacts;
        await stepped.StepAsync();
        _rules.Check(worker, call, before, _store.Artifacts);
        foreach (Match owner in OwnerName().Matches(Scenario.Read(_store, call.About)))
            _owners.TryAdd(owner.Value, worker.ToString(CultureInfo.InvariantCulture));
        if (stepped.HasCompleted)
            _completed.Add(stepped.Message.MessageId);
        if (stepped.Next is null)
            Assert.Null(stepped.Complaint);
    }

    /// <summary>Lets all workers be dead, and others bring the job to its end.</summary>
    public async Task CheckRecoveryAsync()
    {
        await using var others = new Stage(_scenario, _store.Copy(), _completed);
        try
        {
            await others.RecoverAsync();
            others.CheckResults();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Others could not bring the job to its end by {others.Steps}: {e.Message}", e);
        }
    }

    /// <summary>Lets others bring the job to its end while the workers are frozen, then lets these wake up, one after the other.</summary>
    public async Task FinishAsync()
    {
        int[] frozen = [.. Ready];
        await RecoverAsync();
        CheckResults();
        foreach (int worker in frozen)
            await RunAsync(worker);
        CheckResults();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            await worker.DisposeAsync();
    }

    private async Task AddAsync(JobMessage message)
    {
        _workers.Add(await SteppedWorker.StartAsync(_store, _scenario.Shared, message, _scenario.Model));
        _seen.Add("");
    }

    private async Task RecoverAsync()
    {
        foreach (var message in _scenario.Shards.Where(m => !_completed.Contains(m.MessageId)).ToList())
        {
            await AddAsync(message);
            await RunAsync(_workers.Count - 1);
            Assert.True(_workers[^1].HasCompleted, "an undisturbed worker did not complete its message");
        }
    }

    private async Task RunAsync(int worker)
    {
        while (_workers[worker].Next is not null)
            await StepAsync(worker);
    }

    private void CheckResults()
    {
        var names = _scenario.Artifacts;
        foreach (string name in new[] { names.Output, names.Errors, names.Committed }.Concat(_scenario.Shards.Select(m => names.Part(m.Shard))))
            Assert.True(Scenario.Read(_scenario.Calm, name) == Scenario.Read(_store, name), $"{name} is not that of an undisturbed run");
    }

    private string Digest(string prefix)
    {
        var text = new StringBuilder();
        foreach (var (name, artifact) in _store.Artifacts.Where(a => a.Key.StartsWith(prefix, StringComparison.Ordinal)))
            text.Append(name).Append(' ').Append(artifact.ETag).AppendLine(OwnerName().Replace(Encoding.UTF8.GetString(artifact.Bytes), m => _owners.GetValueOrDefault(m.Value, m.Value)));
        return Hash(text.ToString());
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    [GeneratedRegex(""":[0-9a-f]{32}(?=")""")]
    private static partial Regex OwnerName();
}
