using MixAttention.Engine.Sampling;
using MixAttention.Model.Layouts;
using static MixAttention.Engine.Tests.EngineFixture;

namespace MixAttention.Engine.Tests;

/// <summary>A request's result depends on its prompt and parameters alone, bit for bit.</summary>
public sealed class InvarianceTests
{
    private static readonly SamplingParams Greedy = new() { MaxTokens = 24, TopLogprobs = 3 };

    public static TheoryData<string, SamplingParams> Samplings => new()
    {
        { "greedy", Greedy },
        { "seeded", Greedy with { Temperature = 0.8, Seed = 11 } },
        { "filtered", Greedy with { Temperature = 1.5, Seed = 12, TopK = 20, TopP = 0.9, MinP = 0.02 } },
        { "penalised", Greedy with { Temperature = 1, Seed = 13, RepetitionPenalty = 1.2, PresencePenalty = 0.3, FrequencyPenalty = 0.2 } },
    };

    [Theory]
    [MemberData(nameof(Samplings))]
    public async Task Results_are_the_same_alone_or_in_any_company_and_order_and_budget(string name, SamplingParams sampling)
    {
        var requests = Enumerable.Range(0, 64).Select(i => Request($"{name}-{i}", 1 + (i * 37 % 90), sampling with { MaxTokens = 1 + (i * 7 % 24) }, fork: i % 3 * i % (1 + (i * 37 % 90)))).ToArray();
        long all = ElementsFor(requests), largest = requests.Max(r => ElementsFor([r]));
        var random = new Random(4);
        int moves = 0;

        var alone = await ResultsAsync(requests, largest, SmallSteps(maxSequences: 1));
        Assert.Equal(alone, await ResultsAsync(requests, all, SmallSteps()));
        Assert.Equal(alone, await ResultsAsync(requests, all, SmallSteps()));
        Assert.Equal(alone, await ResultsAsync(requests.Reverse(), all, SmallSteps()));
        Assert.Equal(alone, await ResultsAsync(requests.OrderBy(_ => random.Next()), all, SmallSteps(maxSequences: 7)));
        Assert.Equal(alone, await ResultsAsync(requests, largest, SmallSteps()));
        Assert.Equal(alone, await ResultsAsync(requests, largest * 3, SmallSteps(), runner => moves = runner.MoveCount));
        Assert.Equal(alone, await ResultsAsync(requests, all, new() { ChunkTokens = 8, MaxTokensPerStep = 1, MaxWaiting = 4 }));
        Assert.Equal(alone, await ResultsAsync(requests, all, new() { ChunkTokens = 8, MaxTokensPerStep = 10_000, TrimPrefill = false }));

        Assert.True(moves > 0, "no region was moved, so moves are not tested");
        Assert.True(alone.Distinct().Count() > 60, "the results are too alike to tell anything");
    }

    public static TheoryData<string> Presets => [.. LayoutPresets.Names];

    [Theory]
    [MemberData(nameof(Presets))]
    public async Task Results_are_the_same_for_every_layout_and_budget(string preset)
    {
        var geometry = new KvGeometry(LayoutPresets.Create(preset, layers: 24, window: 7), kvHeads: 1, headDim: 1, bytesPerElement: 2);
        var requests = Enumerable.Range(0, 16).Select(i => Request($"r{i}", 1 + (i * 11 % 40), Greedy with { MaxTokens = 1 + (i % 8) })).ToArray();
        long all = ElementsFor(requests, geometry), largest = requests.Max(r => ElementsFor([r], geometry));

        var alone = await ResultsAsync(requests, largest, SmallSteps(maxSequences: 1), geometry: geometry);
        Assert.Equal(alone, await ResultsAsync(requests, all, SmallSteps(), runner => Assert.Equal(0, runner.MoveCount), geometry));
        Assert.Equal(alone, await ResultsAsync(requests.Reverse(), largest * 3, SmallSteps(), geometry: geometry));
    }

    // Cuts change logits of the scripted model, so this shows that the test above would see a cut that depends on company.
    [Fact]
    public async Task Another_chunk_size_gives_other_results()
    {
        GenerationRequest[] requests = [Request("r", 40, Greedy)];

        Assert.NotEqual(
            await ResultsAsync(requests, ElementsFor(requests), new() { ChunkTokens = 8 }),
            await ResultsAsync(requests, ElementsFor(requests), new() { ChunkTokens = 9 }));
    }

    [Fact]
    public async Task A_draw_is_that_of_seed_custom_id_and_position_in_the_sequence()
    {
        const int Vocabulary = 48;
        var sampling = new SamplingParams { Temperature = 1, Seed = 7, MaxTokens = 6, IgnoreEndTokens = true };
        GenerationRequest[] requests = [Request("first", 20, sampling), Request("second", 30, sampling)];

        // Equal logits: the token is the random number's share of the vocabulary.
        var results = await RunAsync(requests, ElementsFor(requests), script: new RunnerScript { ChangeLogits = logits => Array.Fill(logits, 0) });

        foreach (var request in requests)
        {
            var random = new CounterRandom(7, request.CustomId);
            var expected = Enumerable.Range(request.PromptIds.Length, 6).Select(position => (int)(random.NextDouble(position) * Vocabulary));
            Assert.Equal(expected, results.Single(r => r.CustomId == request.CustomId).TokenIds);
        }
    }

    private static async Task<string[]> ResultsAsync(IEnumerable<GenerationRequest> requests, long arenaElements, EngineOptions options, Action<ScriptedRunner>? inspect = null, KvGeometry? geometry = null)
    {
        var results = await RunAsync(requests, arenaElements, options, inspect: inspect, geometry: geometry);
        Assert.All(results, r => Assert.Null(r.Error));
        return [.. results.OrderBy(r => r.CustomId, StringComparer.Ordinal).Select(Describe)];
    }

    private static string Describe(GenerationResult r) =>
        $"{r.CustomId} {r.FinishReason} {r.PromptTokens} {r.CompletionTokens} {r.KvBytes} {string.Join(' ', r.TokenIds)} " +
        string.Join(' ', r.Logprobs!.SelectMany(l => l.Top.Append(l.Token)).Select(l => $"{l.TokenId}:{BitConverter.SingleToInt32Bits(l.Logprob):x8}"));
}
