using MixAttention.Compute;
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
        SequenceRun[] runs = [.. golden.Prompts.Select(p => SequenceRun.TokenByToken(p.Ids))];
        driver.Run(runs);
        foreach (var (prompt, run) in golden.Prompts.Zip(runs))
            AssertNear(prompt, [.. prompt.Positions.Select(p => run.Logits[p])], 2e-4);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Prefill_cut_anywhere_gives_the_golden_logits(string name)
    {
        var golden = GoldenCase.Open(name);
        foreach (bool forceTiles in (bool[])[false, true])
        {
            using var driver = DecoderDriver.Load(golden.Folder, forceTiles: forceTiles);
            SequenceRun[] runs = [.. golden.Prompts.Select(CutAtGoldenPositions)];
            driver.Run(runs);
            foreach (var (prompt, run) in golden.Prompts.Zip(runs))
                AssertNear(prompt, run.Logits, 2e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Trimmed_prefill_continues_with_the_golden_ids(string name)
    {
        var golden = GoldenCase.Open(name);
        using var driver = DecoderDriver.Load(golden.Folder);
        var runs = golden.Prompts.SelectMany(p => ((int[])[3, 16, 512]).Select(chunk => (Prompt: p, Run: SequenceRun.Greedy(p.Ids, GreedyTokens, chunk, trim: true)))).ToList();
        driver.Run([.. runs.Select(r => r.Run)]);
        Assert.All(runs, r => Assert.Equal(r.Prompt.GreedyIds, r.Run.NewIds));
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
            SequenceRun[] prefills = [.. golden.Prompts.Select(CutAtGoldenPositions)];
            SequenceRun[] continuations = [.. golden.Prompts.Select(p => SequenceRun.Greedy(p.Ids, GreedyTokens, chunk: 16, trim: true))];
            driver.Run([.. prefills, .. continuations]);
            foreach (var (prompt, prefill, continuation) in golden.Prompts.Zip(prefills, continuations))
            {
                var (max, mean) = Errors(prompt, prefill.Logits);
                Assert.InRange(max, 0, most);
                Assert.InRange(mean, 0, rms);
                AssertSameUntilNarrowGap(prompt, [.. continuation.NewIds], max * prompt.LogitsStd);
            }
        }
    }

    private static SequenceRun CutAtGoldenPositions(GoldenPrompt prompt) => SequenceRun.Prefill(prompt.Ids, prompt.Positions.Select(p => p + 1));

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
