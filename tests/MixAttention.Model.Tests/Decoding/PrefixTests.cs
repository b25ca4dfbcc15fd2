using MixAttention.Compute;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Decoding;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Decoding;

/// <summary>Holds a prompt behind a prefix that was computed once, in a region of its own, to the bits of the prompt that computes everything itself.</summary>
[Collection("decoder")]
public sealed class PrefixTests : IDisposable
{
    private const int Window = 12;
    private const int NewTokens = 1;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, StoredType, bool> Models
    {
        get
        {
            var models = new TheoryData<string, StoredType, bool>();
            foreach (string preset in LayoutPresets.Names)
                models.Add(preset, StoredType.F32, false);
            foreach (string preset in (string[])["Standard", "SWA", "MA-Offset", "MA-Pairs"])
                models.Add(preset, StoredType.BF16, false);
            models.Add("MA-Pairs", StoredType.F32, true);
            return models;
        }
    }

    // Prefixes and what follows them around the window's edges, each cut small, at the window and not at all.
    [Theory]
    [MemberData(nameof(Models))]
    public void A_prompt_behind_a_shared_prefix_has_the_bits_of_one_that_computes_all(string preset, StoredType type, bool forceTiles)
    {
        using var driver = Load(preset, type, forceTiles);
        var random = new Random(11);
        (int Prefix, int Suffix, int Chunk)[] shapes =
            [(1, 1, 1000), (1, 30, 1000), (Window - 1, Window, 5), (Window, 1, 1000), (Window, 30, Window), (Window + 1, 1, Window), (Window + 1, 30, 1000), (31, 40, 7), (90, 1, 70), (90, 90, 70)];
        long offset = 0;
        var (nodes, alone, sharers) = (new List<Prompt>(), new List<Prompt>(), new List<Prompt>());
        foreach (var (prefix, suffix, chunk) in shapes)
        {
            int[] ids = [.. Enumerable.Range(0, prefix + suffix).Select(_ => random.Next(SmallCheckpoint.Vocabulary))];
            var node = Place(prefix);
            nodes.Add(new Prompt(node, ids, prefix, chunk));
            alone.Add(new Prompt(Place(prefix + suffix + NewTokens), ids, prefix, chunk));
            sharers.Add(new Prompt(Place(suffix + NewTokens) with { PrefixOffset = node.Offset, PrefixTokens = prefix }, ids, prefix, chunk));
        }

        RunPrefixes(driver, [.. nodes, .. alone]);
        foreach (var sharer in sharers)
            driver.Decoder.CopyRings(sharer.Region.Prefix, sharer.Region);

        Assert.Equal(Continue(driver, alone), Continue(driver, sharers));

        KvRegion Place(int tokens)
        {
            var region = new KvRegion(offset, tokens);
            offset += driver.Decoder.Geometry.Elements(tokens);
            return region;
        }
    }

    // What the test above would see if the rings were not copied; without windows there is nothing to copy.
    [Theory]
    [InlineData("MA-Pairs", true)]
    [InlineData("SWA", true)]
    [InlineData("Standard", false)]
    public void Rings_that_are_not_copied_change_the_result(string preset, bool changes)
    {
        using var driver = Load(preset, StoredType.F32, forceTiles: false);
        int[] ids = [.. Enumerable.Range(0, 40).Select(i => i * 7 % SmallCheckpoint.Vocabulary)];
        var node = new Prompt(new KvRegion(0, 30), ids, 30, Chunk: 1000);
        var copied = node with { Region = new KvRegion(100_000, 10 + NewTokens, 0, 30) };
        var forgotten = node with { Region = new KvRegion(200_000, 10 + NewTokens, 0, 30) };
        RunPrefixes(driver, [node]);
        driver.Decoder.CopyRings(node.Region, copied.Region);

        var logits = Continue(driver, [copied, forgotten]);

        Assert.Equal(changes, !logits[0].SequenceEqual(logits[1]));
    }

    private DecoderDriver Load(string preset, StoredType type, bool forceTiles)
    {
        string folder = Path.Combine(_folder.Path, preset);
        SmallCheckpoint.Write(folder, preset, Window, type, seed: 6);
        return DecoderDriver.Load(folder, Precision.Auto, forceTiles);
    }

    /// <summary>Runs the tokens before the forks side by side, as the shortest prompt behind each needs them.</summary>
    private static void RunPrefixes(DecoderDriver driver, IReadOnlyList<Prompt> prompts)
    {
        for (int step = 0; prompts.Any(p => step * p.Chunk < p.Fork); step++)
        {
            var segments = prompts.Where(p => step * p.Chunk < p.Fork)
                .Select(p => p.Segment(step * p.Chunk, Math.Min(p.Fork, (step + 1) * p.Chunk), PrefillTrim.Create(driver.Layout, p.Fork + 1)));
            Assert.Empty(driver.Rows(new DecoderBatch([.. segments], [])));
        }
    }

    /// <summary>Runs what follows the forks, and one token of an answer, side by side.</summary>
    private static List<float[]> Continue(DecoderDriver driver, IReadOnlyList<Prompt> prompts)
    {
        var logits = new float[prompts.Count][];
        for (int step = 0; prompts.Any(p => p.Fork + (step * p.Chunk) < p.Ids.Length); step++)
        {
            var running = prompts.Index().Where(p => p.Item.Fork + (step * p.Item.Chunk) < p.Item.Ids.Length).ToArray();
            PromptSegment[] segments = [.. running.Select(p => p.Item).Select(p =>
                p.Segment(p.Fork + (step * p.Chunk), Math.Min(p.Ids.Length, p.Fork + ((step + 1) * p.Chunk)), PrefillTrim.Create(driver.Layout, p.Ids.Length)))];
            foreach (var (row, (index, _)) in driver.Rows(new DecoderBatch(segments, [])).Zip(running.Where((_, i) => segments[i].WantsLogits)))
                logits[index] = row;
        }

        var tokens = prompts.Zip(logits, (p, l) => new DecodeRow(p.Region, p.Ids.Length, Array.IndexOf(l, l.Max())));
        return [.. logits, .. driver.Rows(new DecoderBatch([], [.. tokens]))];
    }

    private sealed record Prompt(KvRegion Region, int[] Ids, int Fork, int Chunk)
    {
        public PromptSegment Segment(int start, int end, PrefillTrim trim) => new(Region, start, Ids.AsMemory(start..end), trim, WantsLogits: end == Ids.Length);
    }

    public void Dispose() => _folder.Dispose();
}
