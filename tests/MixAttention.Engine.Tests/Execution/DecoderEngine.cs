using System.Runtime.CompilerServices;
using MixAttention.Compute;
using MixAttention.Engine.Execution;

namespace MixAttention.Engine.Tests.Execution;

/// <summary>Runs requests through an engine with a real model.</summary>
internal static class DecoderEngine
{
    public static string DemoModel { get; } = Path.GetFullPath(Path.Combine(TestFolder(), "..", "..", "src", "MixAttention.Batch.Cli", "Demo", "model"));

    /// <summary>Runs all requests and returns the results by name, and the engine's last snapshot.</summary>
    public static async Task<(Dictionary<string, GenerationResult> Results, EngineSnapshot Snapshot)> RunAsync(
        string model, IEnumerable<GenerationRequest> requests, EngineOptions? options = null, long kvBytes = 1 << 26, Precision precision = Precision.Auto, bool forceTiles = false)
    {
        var runner = new RunnerOptions { KvBytes = kvBytes, Precision = precision, ForceTiles = forceTiles, Threads = 2 };
        await using var engine = InferenceEngine.Start(() => DecoderRunner.Load(model, runner), options ?? new EngineOptions(), tokenizer: null, endTokenIds: [0]);
        var submitting = EngineFixture.SubmitAllAsync(engine, requests);
        var results = new Dictionary<string, GenerationResult>();
        await foreach (var result in engine.Results.ReadAllAsync(TestContext.Current.CancellationToken))
            results.Add(result.CustomId, result);
        await submitting;
        return (results, engine.Snapshot);
    }

    public static string TestFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(Path.GetDirectoryName(file))!;
}
