using MixAttention.Model.Checkpoints;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Decoding;

/// <summary>Holds trimmed and untrimmed prefill equal, for all fifteen layouts, at every way to cut a prompt around the window's edges.</summary>
[Collection("decoder")]
public sealed class TrimmingTests : IDisposable
{
    private const int Window = 12;
    private const int NewTokens = 15; // more than a window: every ring row is overwritten once

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Layouts => [.. LayoutPresets.Names];

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Trimmed_prefill_gives_the_untrimmed_logits_and_tokens(string preset)
    {
        string folder = Path.Combine(_folder.Path, preset);
        SmallCheckpoint.Write(folder, preset, Window, StoredType.F32, seed: 5);
        using var driver = DecoderDriver.Load(folder);
        var random = new Random(7);
        int[][] prompts = [.. ((int[])[1, Window - 1, Window, Window + 1, 2 * Window, 2 * Window + 1, 61, 130]).Select(length => Enumerable.Range(0, length).Select(_ => random.Next(SmallCheckpoint.Vocabulary)).ToArray())];
        SequenceRun[] untrimmed = [.. prompts.Select(ids => SequenceRun.Greedy(ids, NewTokens, chunk: 1000, trim: false))];
        int[] chunks = [5, Window, Window + 1, 3 * Window + 5, 1000];
        SequenceRun[][] trimmed = [.. prompts.Select(ids => chunks.Select(chunk => SequenceRun.Greedy(ids, NewTokens, chunk, trim: true)).ToArray())];
        driver.Run([.. untrimmed, .. trimmed.SelectMany(t => t)]);
        foreach (var (expected, actual) in untrimmed.SelectMany((e, i) => trimmed[i].Select(a => (e, a))))
        {
            Assert.Equal(expected.NewIds, actual.NewIds);
            Assert.Equal(NewTokens, actual.Logits.Count);
            Assert.All(expected.Logits.Zip(actual.Logits), step => Assert.InRange(Far(step.First, step.Second), 0, 5e-5));
        }
    }

    /// <summary>Computes the largest difference in standard deviations of the expected logits.</summary>
    private static double Far(float[] expected, float[] actual)
    {
        double mean = expected.Average(), deviation = Math.Sqrt(expected.Average(x => (x - mean) * (x - mean)));
        return expected.Zip(actual, (a, b) => Math.Abs((double)a - b)).Max() / deviation;
    }

    public void Dispose() => _folder.Dispose();
}
