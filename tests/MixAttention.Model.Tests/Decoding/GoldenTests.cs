using MixAttention.Compute;
using MixAttention.Model.Layouts;
using MixAttention.Tests;

namespace MixAttention.Model.Tests.Decoding;

/// <summary>Compares the decoder with independent float64 references, for every family and layout.</summary>
[Collection("decoder")]
public class GoldenTests
{
    private const int GreedyTokens = 24;

    public static TheoryData<string> Cases => [.. GoldenFolder.Cases];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Decoding_token_by_token_gives_the_golden_logits(string name)
    {
        var golden = GoldenCase.Open(name);
        using var driver = DecoderDriver.Load(golden.Folder);
        foreach (var prompt in golden.Prompts)
        {
            var region = new KvRegion(0, prompt.Ids.Length);
            var logits = new List<float[]> { driver.Prefill(region, prompt.Ids, [1], trim: false, everyLogits: true)[0] };
            for (int position = 1; position < prompt.Ids.Length; position++)
                logits.Add(driver.Step(region, position, prompt.Ids[position]));
            AssertNear(prompt, [.. prompt.Positions.Select(p => logits[p])], 2e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Prefill_cut_anywhere_gives_the_golden_logits(string name)
    {
        var golden = GoldenCase.Open(name);
        foreach (bool forceTiles in (bool[])[false, true])
        {
            using var driver = DecoderDriver.Load(golden.Folder, forceTiles: forceTiles);
            foreach (var prompt in golden.Prompts)
            {
                var logits = driver.Prefill(new KvRegion(0, prompt.Ids.Length), prompt.Ids, prompt.Positions.Select(p => p + 1), trim: false, everyLogits: true);
                AssertNear(prompt, logits, 2e-4);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Trimmed_prefill_continues_with_the_golden_ids(string name)
    {
        var golden = GoldenCase.Open(name);
        using var driver = DecoderDriver.Load(golden.Folder);
        foreach (var prompt in golden.Prompts)
        {
            foreach (int chunk in (int[])[3, 16, 512])
                Assert.Equal(prompt.GreedyIds, driver.Greedy(prompt.Ids, GreedyTokens, chunk, trim: true).Ids);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Bfloat16_stays_within_the_limits_of_the_case(string name)
    {
        var golden = GoldenCase.Open(name);
        if (golden.Tolerance("bf16_activations_max_rel") is not { } most)
            return; // experts and float32 weights: judged in float32 alone
        double rms = golden.Tolerance("bf16_activations_rms_rel")!.Value;
        foreach (var precision in (Precision[])[Precision.BFloat16, Precision.Auto])
        {
            using var driver = DecoderDriver.Load(golden.Folder, precision);
            foreach (var prompt in golden.Prompts)
            {
                var logits = driver.Prefill(new KvRegion(0, prompt.Ids.Length), prompt.Ids, prompt.Positions.Select(p => p + 1), trim: false, everyLogits: true);
                var (max, mean) = Errors(prompt, logits);
                Assert.InRange(max, 0, most);
                Assert.InRange(mean, 0, rms);
                AssertSameUntilNarrowGap(prompt, driver.Greedy(prompt.Ids, GreedyTokens, 16, trim: true).Ids, max * prompt.LogitsStd);
            }
        }
    }

    // Ids must agree up to the first step whose two best are closer than twice the error.
    private static void AssertSameUntilNarrowGap(GoldenPrompt prompt, int[] ids, double error)
    {
        for (int i = 0; i < ids.Length && prompt.GreedyGaps[i] >= 2 * error; i++)
            Assert.Equal(prompt.GreedyIds[i], ids[i]);
    }

    private static void AssertNear(GoldenPrompt prompt, IReadOnlyList<float[]> logits, double tolerance) =>
        Assert.InRange(Errors(prompt, logits).Max, 0, tolerance);

    private static (double Max, double Rms) Errors(GoldenPrompt prompt, IReadOnlyList<float[]> logits)
    {
        Assert.Equal(prompt.Logits.Length, logits.Count);
        double max = 0, squares = 0;
        long count = 0;
        for (int row = 0; row < logits.Count; row++)
        {
            Assert.Equal(prompt.Logits[row].Length, logits[row].Length);
            for (int i = 0; i < logits[row].Length; i++)
            {
                double error = Math.Abs(prompt.Logits[row][i] - (double)logits[row][i]) / prompt.LogitsStd;
                max = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(max, error);
                squares += error * error;
                count++;
            }
        }

        return (max, Math.Sqrt(squares / count));
    }
}
