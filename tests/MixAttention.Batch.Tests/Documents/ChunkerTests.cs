using System.Globalization;
using System.Text;
using CsCheck;
using MixAttention.Batch.Documents;

namespace MixAttention.Batch.Tests.Documents;

public sealed class ChunkerTests
{
    private static readonly Gen<string> Texts = Gen.OneOf([.. new[]
    {
        "word", " ", " ", "\n", "\n\n", ". ", "! ", "Mr. J. Smith", "# Heading\n", "\r\n", "漢字かな", "。", "👩‍👩‍👧‍👦", "🏳️‍🌈", "é", "🇩🇪🇫🇷", "\u0301\u0302", "ab1-2", "\t", "עברית", "\ud83d", "\ude00", new string('x', 90), "…", "",
    }.Select(Gen.Const)]).Array[0, 120].Select(string.Concat);

    private static readonly Gen<(string Text, int MaxTokens, double Overlap, Func<string, int> Count)> Cases =
        Gen.Select(Texts, Gen.Int[16, 80], Gen.OneOf(Gen.Const(0.0), Gen.Const(0.05), Gen.Const(0.1)), Gen.OneOf(Gen.Const<Func<string, int>>(Bytes), Gen.Const<Func<string, int>>(Words), Gen.Const<Func<string, int>>(Quarters)));

    [Fact]
    public void Chunks_are_within_the_budget_and_lose_nothing() => Cases.Sample(c =>
    {
        var chunks = Chunker.Cut(c.Text, c.MaxTokens, c.Count, c.Overlap);
        int covered = 0, start = -1;
        foreach (var chunk in chunks)
        {
            Assert.InRange(chunk.Start, start + 1, covered);
            Assert.True(chunk.End > covered);
            Assert.InRange(c.Count(chunk.TextIn(c.Text)), 0, c.MaxTokens);
            Assert.InRange(c.Count(c.Text[chunk.Start..covered]), 0, c.Overlap * c.MaxTokens + 4); // Counts of parts may differ a little from their sum.
            (start, covered) = (chunk.Start, chunk.End);
        }

        Assert.Equal(c.Text.Length, covered);
    });

    [Fact]
    public void Equal_texts_give_equal_chunks() => Cases.Sample(c =>
        Assert.Equal(Chunker.Cut(c.Text, c.MaxTokens, c.Count, c.Overlap), Chunker.Cut(new string(c.Text.AsSpan()), c.MaxTokens, c.Count, c.Overlap)));

    [Fact]
    public void Character_that_fits_into_a_chunk_is_never_cut() => Cases.Sample(c =>
    {
        var starts = StringInfo.ParseCombiningCharacters(c.Text);
        foreach (int cut in Chunker.Cut(c.Text, c.MaxTokens, c.Count, c.Overlap).SelectMany(k => new[] { k.Start, k.End }).Where(p => p < c.Text.Length))
        {
            int found = Array.BinarySearch(starts, cut);
            if (found >= 0)
                continue;
            int start = starts[~found - 1], end = ~found < starts.Length ? starts[~found] : c.Text.Length;
            Assert.True(c.Count(c.Text[start..end]) > Chunker.MinTokens, $"Cut {cut} lies inside {start}..{end}.");
            Assert.False(char.IsSurrogatePair(c.Text[cut - 1], c.Text[cut]));
        }
    });

    [Theory]
    [InlineData("One two three four. Five six seven eight. Nine ten eleven twelve thirteen. Fourteen fifteen sixteen seventeen.", "One two three four. Five six seven eight. Nine ten eleven twelve thirteen. ")]
    [InlineData("One two three four five six seven\neight nine ten.\n\nEleven twelve thirteen fourteen fifteen sixteen seventeen eighteen.", "One two three four five six seven\neight nine ten.\n\n")]
    [InlineData("Intro words here that are some eight now.\n# Title\nNine ten eleven twelve. Thirteen fourteen fifteen sixteen seventeen eighteen.", "Intro words here that are some eight now.\n")]
    [InlineData("a b c d e f g h i j k l m n o p q r s t u v w x y z", "a b c d e f g h i j k l ")]
    public void Chunk_ends_at_the_best_place(string text, string expected) => Assert.Equal(expected, Chunker.Cut(text, 16, Words)[0].TextIn(text));

    [Fact]
    public void Overlap_repeats_the_end_of_the_chunk_before()
    {
        string text = string.Concat(Enumerable.Range(0, 200).Select(i => $"Sentence number {i} ends here. "));
        var chunks = Chunker.Cut(text, 60, Words, 0.1);
        Assert.All(chunks.Zip(chunks.Skip(1)), pair =>
        {
            Assert.InRange(pair.Second.Start, pair.First.Start + 1, pair.First.End - 1);
            Assert.StartsWith("Sentence", pair.Second.TextIn(text), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Chunks_are_well_filled()
    {
        string text = string.Concat(Enumerable.Range(0, 5000).Select(i => i % 7 == 6 ? $"And this is the end of paragraph {i}.\n\n" : $"The sentence number {i} has some words. "));
        var chunks = Chunker.Cut(text, 500, Quarters);
        Assert.InRange(chunks.Count, 1, (int)(1.25 * Quarters(text) / 500));
    }

    public static TheoryData<string, string> Giants => new()
    {
        { "one word", new string('x', 10_000_000) },
        { "one line of Chinese", string.Concat(Enumerable.Repeat("漢字", 1_000_000)) },
        { "dots", new string('.', 3_000_000) },
        { "newlines", new string('\n', 3_000_000) },
        { "a letter with marks without end", "e" + new string('\u0301', 3_000_000) },
        { "spaces between dots", string.Concat(Enumerable.Repeat(". ", 1_000_000)) },
        { "halves of pairs", new string('\ud83d', 1_000_000) },
        { "families", string.Concat(Enumerable.Repeat("👩‍👩‍👧‍👦", 100_000)) },
    };

    [Theory]
    [MemberData(nameof(Giants))]
    public void Fault_34_giant_text_is_cut_in_linear_time(string name, string text)
    {
        Assert.NotEmpty(name);
        var chunks = Chunker.Cut(text, 4000, Bytes);
        Assert.Equal(text.Length, chunks.Sum(c => c.End - c.Start));
        Assert.All(chunks, c => Assert.InRange(Bytes(c.TextIn(text)), 1, 4000));
        Assert.InRange(chunks.Count, 1, 2 + (int)(1.2 * Bytes(text) / 4000));
    }

    [Fact]
    public void Id_names_document_place_and_rules()
    {
        Assert.Equal("9df79d79be8b2ef98e0a9d8d25a1ae35e3ae4adcd9a4a0f2bb7e5f13a3a7bb6d".Length, new Chunk(0, 5).Id("d").Length);
        Assert.Equal(4, new[] { new Chunk(0, 5).Id("d"), new Chunk(0, 6).Id("d"), new Chunk(1, 5).Id("d"), new Chunk(0, 5).Id("e") }.Distinct().Count());
    }

    [Fact]
    public void Empty_text_has_no_chunks() => Assert.Empty(Chunker.Cut("", 16, Bytes));

    [Theory]
    [InlineData(15, 0)]
    [InlineData(16, -0.01)]
    [InlineData(16, 0.11)]
    public void Limits_out_of_range_are_refused(int maxTokens, double overlap) => Assert.Throws<ArgumentOutOfRangeException>(() => Chunker.Cut("a", maxTokens, Bytes, overlap));

    private static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);

    private static int Quarters(string text) => (text.Length + 3) / 4;

    /// <summary>Words, and one token for every four letters more.</summary>
    private static int Words(string text) => text.Split([' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries).Sum(w => 1 + (w.Length / 12));
}
