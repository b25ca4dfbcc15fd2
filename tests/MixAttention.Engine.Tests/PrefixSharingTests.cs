using CsCheck;
using MixAttention.Engine.Sampling;
using MixAttention.Model.Layouts;
using static MixAttention.Engine.Tests.EngineFixture;

namespace MixAttention.Engine.Tests;

/// <summary>Results are the same whether prefixes are shared or not; what is shared is computed once.</summary>
public sealed class PrefixSharingTests
{
    private static readonly SamplingParams Answer = new() { MaxTokens = 9, TopLogprobs = 2, Temperature = 0.7, Seed = 3 };

    public static TheoryData<string> Presets => [.. LayoutPresets.Names];

    [Theory]
    [MemberData(nameof(Presets))]
    public async Task Results_are_the_same_with_and_without_sharing_for_every_layout(string preset)
    {
        var geometry = new KvGeometry(LayoutPresets.Create(preset, layers: 24, window: 7), kvHeads: 1, headDim: 1, bytesPerElement: 2);
        var requests = Enumerable.Range(0, 24).Select(i => SharedRequest($"r{i}", i % 4, 16 + (i % 4 * 3), 1 + (i * 5 % 20), Answer)).ToArray();
        long all = ElementsFor(requests, geometry), largest = requests.Max(r => ElementsFor([r], geometry));
        int copies = 0;

        var alone = await ResultsAsync(requests, largest, shares: false, geometry: geometry);
        Assert.Equal(alone, await ResultsAsync(requests, all, shares: true, runner => copies = runner.CopyCount, geometry));
        Assert.Equal(alone, await ResultsAsync(requests.Reverse(), largest, shares: true, geometry: geometry));
        Assert.Equal(alone, await ResultsAsync(requests, (2 * largest) + 3, shares: true, geometry: geometry));

        Assert.True(copies >= 16, $"only {copies} requests went on behind a prefix");
        Assert.True(alone.Distinct().Count() == 24, "the results are too alike to tell anything");
    }

    // Groups, lengths, chunks, budgets and orders at random.
    [Fact]
    public void Results_are_the_same_with_and_without_sharing_for_any_load()
    {
        int moves = 0, copies = 0;
        Gen.Select(Gen.Select(Gen.Int[0, 3], Gen.Int[1, 20], Gen.Int[1, 9], Gen.Bool).Array[1, 24], Gen.Int[16, 40], Gen.Int[1, 20], Gen.Int[0, 500], Gen.Int[1, 8], Gen.Int)
        .Sample((shapes, prefix, chunk, slack, sequences, seed) =>
        {
            var requests = shapes.Select((s, i) => SharedRequest($"r{i}", s.Item1, prefix, s.Item2, Answer with { MaxTokens = s.Item3 }) with { ExpectsSharers = s.Item4 }).ToArray();
            long arena = requests.Max(r => ElementsFor([r])) + slack;
            var shuffled = requests.ToArray();
            new Random(seed).Shuffle(shuffled);
            EngineOptions Options(bool shares) => new() { ChunkTokens = chunk, MaxTokensPerStep = 30, MaxSequences = sequences, SharePrefixes = shares };
#pragma warning disable xUnit1031 // CsCheck samples synchronously.
            var expected = DescribeAllAsync(requests, arena, Options(shares: false)).GetAwaiter().GetResult();
            var actual = DescribeAllAsync(shuffled, arena, Options(shares: true), Count).GetAwaiter().GetResult();
#pragma warning restore xUnit1031
            Assert.Equal(expected, actual);
        }, iter: 60);

        Assert.True(moves > 0 && copies > 0, $"{moves} moves and {copies} copies: not both are tested");

        void Count(ScriptedRunner runner)
        {
            Interlocked.Add(ref moves, runner.MoveCount);
            Interlocked.Add(ref copies, runner.CopyCount);
        }
    }

    [Fact]
    public async Task What_is_shared_is_computed_once_and_told()
    {
        var requests = Enumerable.Range(0, 8).Select(i => SharedRequest($"q{i}", 0, 40, 5 + i, Answer) with { ExpectsSharers = true }).ToArray();
        await using var engine = InferenceEngine.Start(() => new ScriptedRunner(Mixed, 100_000), SmallSteps(), tokenizer: null, [0, 1]);
        await SubmitAllAsync(engine, requests);

        var results = await engine.Results.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

        int rest = requests.Sum(r => r.PromptIds.Length - 40);
        var snapshot = engine.Snapshot;
        Assert.Equal((40 + rest, 7 * 40, 7), (snapshot.ComputedPromptTokens, snapshot.CachedPromptTokens, snapshot.PrefixHits));
        Assert.Equal(requests.Sum(r => (long)r.PromptIds.Length), snapshot.PromptTokens);
        Assert.Equal([0, .. Enumerable.Repeat(40, 7)], results.Select(r => r.CachedPromptTokens).Order());
        Assert.All(results, r => Assert.Equal(Mixed.Bytes(r.PromptTokens - 40 + 9), r.KvBytes));
        Assert.Equal((snapshot.PrefillFlops, snapshot.PrefillFlopsSaved), (results.Sum(r => r.Prefill.Flops), results.Sum(r => r.Prefill.FlopsSaved)));
        Assert.Equal(snapshot.PrefillFlopsSaved, results.Sum(r => r.Prefill.SkippedRows)); // the scripted model counts one operation a row
        Assert.Equal(0, snapshot.KvBytesUsed);
    }

    [Fact]
    public async Task Cancelling_one_sharer_leaves_the_results_of_the_others()
    {
        var requests = Enumerable.Range(0, 6).Select(i => SharedRequest($"q{i}", 0, 30, 5 + i, Answer) with { ExpectsSharers = true }).ToArray();
        var expected = await ResultsAsync(requests, 100_000, shares: false);
        int steps = 0;
        InferenceEngine? engine = null;
        await using (engine = InferenceEngine.Start(() => new ScriptedRunner(Mixed, 100_000, new() { BeforeRun = _ => CancelInTurn() }), SmallSteps(), tokenizer: null, [0, 1]))
        {
            await SubmitAllAsync(engine, requests);
            var results = await engine.Results.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

            Assert.Equal(6, results.Count);
            Assert.Contains(results, r => r.FinishReason == FinishReason.Cancelled);
            Assert.All(results.Where(r => r.FinishReason != FinishReason.Cancelled), r => Assert.Contains(Describe(r), expected));
            Assert.Equal(0, engine.Snapshot.KvBytesUsed);
        }

        // The prefix takes four steps.
        void CancelInTurn() => engine!.Cancel(++steps switch { 2 => "q0", 5 => "q3", _ => "nobody" });
    }

    private static Task<string[]> ResultsAsync(IEnumerable<GenerationRequest> requests, long arenaElements, bool shares, Action<ScriptedRunner>? inspect = null, KvGeometry? geometry = null) =>
        DescribeAllAsync(requests, arenaElements, new() { ChunkTokens = 8, MaxTokensPerStep = 24, SharePrefixes = shares }, inspect, geometry);

    private static async Task<string[]> DescribeAllAsync(
        IEnumerable<GenerationRequest> requests, long arenaElements, EngineOptions options, Action<ScriptedRunner>? inspect = null, KvGeometry? geometry = null)
    {
        var results = await RunAsync(requests, arenaElements, options, inspect, geometry);
        Assert.All(results, r => Assert.Null(r.Error));
        return [.. results.OrderBy(r => r.CustomId, StringComparer.Ordinal).Select(Describe)];
    }

    private static string Describe(GenerationResult r) =>
        $"{r.CustomId} {r.FinishReason} {r.PromptTokens} {r.CompletionTokens} {string.Join(' ', r.TokenIds)} " +
        string.Join(' ', r.Logprobs!.SelectMany(l => l.Top.Append(l.Token)).Select(l => $"{l.TokenId}:{BitConverter.SingleToInt32Bits(l.Logprob):x8}"));
}
