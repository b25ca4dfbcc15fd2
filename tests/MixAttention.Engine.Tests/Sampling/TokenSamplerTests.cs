using CsCheck;
using MixAttention.Engine.Sampling;

namespace MixAttention.Engine.Tests.Sampling;

public sealed class TokenSamplerTests
{
    private const double Rounding = 1e-5;

    // Coarse logits, so that ties occur; the reference says when a decision is too close to call in float32.
    private static readonly Gen<float[]> Logits = Gen.Int[-80, 80].Select(i => i / 8f).Array[1, 300];

    private static readonly Gen<SamplingParams> Parameters =
        from temperature in Gen.Double[0.1, 3]
        from topK in Gen.Frequency((1, Gen.Const(0)), (2, Gen.Int[1, 60]), (1, Gen.Int[200, 1000]))
        from topP in Gen.Frequency((1, Gen.Const(1.0)), (3, Gen.Double[0.01, 1]))
        from minP in Gen.Frequency((2, Gen.Const(0.0)), (1, Gen.Double[0, 1]))
        from seed in Gen.Long
        select new SamplingParams { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP, Seed = seed };

    [Fact]
    public void Sampled_tokens_are_those_of_the_reference() => Gen.Select(Logits, Parameters, Gen.Int[0, 100_000]).Sample((logits, parameters, position) =>
    {
        var kept = ReferenceSampler.Filter(logits, parameters, [], [], out double filterMargin);
        int expected = ReferenceSampler.Draw(kept, new CounterRandom(parameters.Seed, "x").NextDouble(position), out double drawMargin);

        if (filterMargin > Rounding && drawMargin > Rounding)
            Assert.Equal(expected, Sample(logits, parameters, position));
    }, iter: 2000);

    [Fact]
    public void Adjusted_greedy_tokens_are_those_of_the_reference() =>
        (from logits in Logits
         let ids = Gen.Int[0, logits.Length - 1]
         from prompt in ids.Array[0, 10]
         from answer in ids.Array[0, 10]
         from bias in Gen.Dictionary(ids, Gen.Int[-100, 100].Select(b => b / 10.0))[0, Math.Min(5, logits.Length)]
         from repetition in Gen.OneOf(Gen.Const(1.0), Gen.Const(1.25), Gen.Const(0.5))
         from presence in Gen.OneOf(Gen.Const(0.0), Gen.Const(0.5), Gen.Const(-2.0))
         from frequency in Gen.OneOf(Gen.Const(0.0), Gen.Const(0.25), Gen.Const(-1.0))
         select (logits, prompt, answer, new SamplingParams { LogitBias = bias, RepetitionPenalty = repetition, PresencePenalty = presence, FrequencyPenalty = frequency }))
        .Sample((logits, prompt, answer, parameters) =>
        {
            var adjusted = ReferenceSampler.Adjust(logits, parameters, prompt, answer);
            double best = adjusted.Max();
            var context = Context(parameters, prompt, answer);

            Assert.True(new TokenSampler(logits.Length).TrySample(logits, context, 0, out int tokenId));

            Assert.Equal(best, adjusted[tokenId], 1e-5);
        }, iter: 1000);

    [Fact]
    public void Greedy_takes_the_best_logit_and_of_equals_the_lowest_id() => Logits.Sample(logits =>
        Assert.Equal(Array.IndexOf(logits, logits.Max()), Sample(logits, new SamplingParams(), 0)));

    [Theory]
    [InlineData(new[] { -1f, -0f, 0f, -2f }, 1)]
    [InlineData(new[] { float.NegativeInfinity, -5f, float.NegativeInfinity }, 1)]
    public void Greedy_treats_both_zeros_as_equal_and_skips_impossible_tokens(float[] logits, int expected) =>
        Assert.Equal(expected, Sample(logits, new SamplingParams(), 0));

    [Theory]
    [InlineData(float.NaN, 0)]
    [InlineData(float.PositiveInfinity, 0)]
    [InlineData(float.NaN, 1)]
    [InlineData(float.PositiveInfinity, 1)]
    public void Logits_that_are_no_distribution_are_reported(float value, double temperature)
    {
        float[] logits = [1, 2, value, 3];

        Assert.False(new TokenSampler(4).TrySample(logits, Context(new SamplingParams { Temperature = temperature }), 0, out _));
        Assert.False(new TokenSampler(2).TrySample([float.NegativeInfinity, float.NegativeInfinity], Context(new SamplingParams { Temperature = temperature }), 0, out _));
    }

    [Fact]
    public void A_penalty_that_makes_infinities_is_reported() =>
        Assert.False(new TokenSampler(2).TrySample([1, 2], Context(new SamplingParams { RepetitionPenalty = 1e-300, Temperature = 1 }, [1]), 0, out _));

    [Fact]
    public void A_choice_does_not_depend_on_what_was_sampled_before() => Gen.Select(Parameters, Parameters).Sample((first, second) =>
    {
        float[] logits = [.. Enumerable.Range(0, 200).Select(i => i % 17 / 4f)], others = [.. Enumerable.Range(0, 200).Select(i => i % 13 / 2f)];
        var sampler = new TokenSampler(200);
        Assert.True(sampler.TrySample(logits, Context(first), 5, out int alone));
        Assert.True(sampler.TrySample(others, Context(second), 6, out _));
        sampler.ReadLogprobs(others, 3, 20);
        Assert.True(sampler.TrySample(logits, Context(first), 5, out int again));

        Assert.Equal(alone, again);
    });

    [Fact]
    public void Tokens_are_drawn_as_often_as_their_probabilities_say()
    {
        float[] logits = [0, MathF.Log(2), MathF.Log(3), MathF.Log(4), float.NegativeInfinity];
        var context = Context(new SamplingParams { Temperature = 1, Seed = 9 });
        var sampler = new TokenSampler(5);
        var counts = new int[5];
        for (int position = 0; position < 10_000; position++)
        {
            Assert.True(sampler.TrySample(logits, context, position, out int tokenId));
            counts[tokenId]++;
        }

        Assert.Equal(0, counts[4]);
        for (int id = 0; id < 4; id++)
            Assert.InRange(counts[id], (1000 * (id + 1)) - 200, (1000 * (id + 1)) + 200);
    }

    [Fact]
    public void Log_probabilities_are_those_of_the_models_own_distribution() => Gen.Select(Logits, Gen.Int[0, 20]).Sample((logits, topCount) =>
    {
        double logSum = logits.Max() + Math.Log(logits.Sum(l => Math.Exp(l - logits.Max())));
        var expected = logits.Select((logit, id) => (id, logit)).OrderByDescending(t => t.logit).ThenBy(t => t.id).Take(topCount).ToArray();

        var logprobs = new TokenSampler(logits.Length).ReadLogprobs(logits, logits.Length - 1, topCount);

        Assert.Equal(expected.Select(t => t.id), logprobs.Top.Select(t => t.TokenId));
        Assert.All(expected.Zip(logprobs.Top), pair => Assert.Equal(pair.First.logit - logSum, pair.Second.Logprob, 1e-5));
        Assert.Equal(logits[^1] - logSum, logprobs.Token.Logprob, 1e-5);
    });

    private static int Sample(float[] logits, SamplingParams parameters, int position)
    {
        Assert.True(new TokenSampler(logits.Length).TrySample(logits, Context(parameters), position, out int tokenId));
        return tokenId;
    }

    private static SamplingContext Context(SamplingParams parameters, int[]? prompt = null, int[]? answer = null)
    {
        var context = new SamplingContext(parameters, "x", prompt);
        foreach (int id in answer ?? [])
            context.Record(id);
        return context;
    }
}
