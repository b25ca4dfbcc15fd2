using MixAttention.Engine.Sampling;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Tests;

/// <summary>Small layouts, requests and runs that many tests share.</summary>
internal static class EngineFixture
{
    /// <summary>Full owner, its borrower, a window of 5 and its borrower; G = 2, D = 1, bf16.</summary>
    public static KvGeometry Mixed { get; } = new(new AttentionLayout([new(null, 0), new(5, 1), new(null, 0), new(5, 1)]), kvHeads: 2, headDim: 1, bytesPerElement: 2);

    public static GenerationRequest Request(string id, int promptLength, SamplingParams? sampling = null, int fork = 0)
    {
        var random = new Random(promptLength + (1000 * id.Length) + id[^1]);
        return new GenerationRequest
        {
            CustomId = id,
            PromptIds = Enumerable.Range(0, promptLength).Select(_ => random.Next(48)).ToArray(),
            ForkPosition = fork,
            Sampling = sampling ?? new SamplingParams { MaxTokens = 12 },
        };
    }

    /// <summary>A request whose first tokens are those of its group.</summary>
    public static GenerationRequest SharedRequest(string id, int group, int prefixLength, int suffixLength, SamplingParams sampling)
    {
        var random = new Random(group);
        int[] prefix = [.. Enumerable.Range(0, prefixLength).Select(_ => random.Next(48))];
        return Request(id, suffixLength, sampling, prefixLength) with { PromptIds = (int[])[.. prefix, .. Request(id, suffixLength).PromptIds.Span] };
    }

    public static long ElementsFor(IEnumerable<GenerationRequest> requests, KvGeometry? geometry = null) =>
        requests.Sum(r => (geometry ?? Mixed).Elements(r.PromptIds.Length + r.Sampling.MaxTokens));

    public static async Task<IReadOnlyList<GenerationResult>> RunAsync(
        IEnumerable<GenerationRequest> requests, long arenaElements, EngineOptions? options = null, Action<ScriptedRunner>? inspect = null, KvGeometry? geometry = null,
        RunnerScript? script = null)
    {
        ScriptedRunner? runner = null;
        await using var engine = InferenceEngine.Start(() => runner = new ScriptedRunner(geometry ?? Mixed, arenaElements, script), options ?? SmallSteps(), tokenizer: null, [0, 1]);
        var submitting = SubmitAllAsync(engine, requests);
        var results = await engine.Results.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        await submitting;
        await engine.DisposeAsync();
        inspect?.Invoke(runner!);
        return results;
    }

    public static async Task SubmitAllAsync(InferenceEngine engine, IEnumerable<GenerationRequest> requests)
    {
        foreach (var request in requests)
            await engine.SubmitAsync(request, TestContext.Current.CancellationToken);
        engine.CompleteSubmissions();
    }

    public static EngineOptions SmallSteps(int maxSequences = 64) => new() { ChunkTokens = 8, MaxTokensPerStep = 24, MaxSequences = maxSequences };
}
