using CsCheck;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.Tokenization;

public sealed class IncrementalDetokenizerTests
{
    [Fact]
    public void Append_holds_half_a_character_back()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());
        var detokenizer = new IncrementalDetokenizer(tokenizer);

        Assert.Equal(["h", "", "€", "", "", "", "🙂", ""], Pieces(detokenizer, 'h', 263, 0xAC, 0xF0, 0x9F, 0x99, 0x82));
    }

    [Theory]
    [InlineData(new[] { 0xFF }, new[] { "\uFFFD", "" })]
    [InlineData(new[] { 0x80, 0x80 }, new[] { "\uFFFD", "\uFFFD", "" })] // continues nothing
    [InlineData(new[] { 0xE2, 0xFF }, new[] { "", "\uFFFD\uFFFD", "" })]
    [InlineData(new[] { 0xE2, 'h' }, new[] { "", "\uFFFDh", "" })]
    [InlineData(new[] { 0xE2, 0x82 }, new[] { "", "", "\uFFFD" })]
    [InlineData(new[] { 0xE0, 0x80 }, new[] { "", "\uFFFD\uFFFD", "" })] // E0 goes on with A0 to BF only
    [InlineData(new[] { 0xED, 0xA0 }, new[] { "", "\uFFFD\uFFFD", "" })] // and ED with 80 to 9F
    [InlineData(new[] { 0xF4, 0x90 }, new[] { "", "\uFFFD\uFFFD", "" })]
    [InlineData(new[] { 0xE2, 264, 0x82, 264, 0xAC }, new[] { "", "", "", "", "€", "" })] // special tokens leave no trace
    public void Append_gives_what_is_no_character_without_delay(int[] ids, string[] pieces)
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());
        var detokenizer = new IncrementalDetokenizer(tokenizer);

        Assert.Equal(pieces, Pieces(detokenizer, ids));
    }

    [Fact]
    public void Append_gives_the_literal_replacement_character_without_delay()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());
        var detokenizer = new IncrementalDetokenizer(tokenizer);

        Assert.Equal(["", "", "\uFFFD", "h"], new[] { 0xEF, 0xBF, 0xBD, 'h' }.Select(id => detokenizer.Append(id)));
    }

    [Fact]
    public void Append_gives_a_run_of_byte_tokens_when_it_ends()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteFallback());
        var detokenizer = new IncrementalDetokenizer(tokenizer);
        static int Byte(int value) => 3 + value;
        int hello = tokenizer.Encode("hello")[0];

        // The space that a sentence begins with is the tokenizer's, the second one is the text's.
        Assert.Equal(["hello", " hello", "", "", "", "€ hello"], new[] { hello, hello, Byte(0xE2), Byte(0x82), Byte(0xAC), hello }.Select(detokenizer.Append));
        Assert.Equal(["", "", ""], new[] { Byte(0xE2), Byte(0x82), Byte(0xAC) }.Select(detokenizer.Append));
        Assert.Equal("€", detokenizer.Flush());
        Assert.Equal("hello", detokenizer.Append(hello)); // a new text
    }

    [Fact]
    public void Pieces_of_the_tiny_byte_level_tokenizer_join_to_the_whole()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());

        AssertPiecesJoin(tokenizer, tokenizer.Encode("\u0080\u00A0é€🙂"));
    }

    [Fact]
    public void Pieces_of_the_tiny_byte_fallback_tokenizer_join_to_the_whole()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteFallback());

        AssertPiecesJoin(tokenizer, [3 + 0xE2, 3 + 0x82, 3 + 0xAC, 3 + 0xF0, 3 + 0x20, 259]);
    }

    [Fact]
    public void Pieces_of_the_demo_join_to_the_whole()
    {
        using var tokenizer = Tokenizer.Load(DemoFolder.Get());

        AssertPiecesJoin(tokenizer, tokenizer.Encode("\u0080\u00A0é€🙂"));
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("qwen3")]
    [InlineData("gemma3")]
    public void Pieces_of_real_tokenizers_join_to_the_whole(string name)
    {
        var tokenizer = RealTokenizers.Get(name);

        AssertPiecesJoin(tokenizer, tokenizer.Encode("\u0080\u00A0é€🙂\U0010FFFF\u0378"));
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("qwen3")]
    [InlineData("gemma3")]
    public void Pieces_of_a_text_are_whole_characters(string name)
    {
        var tokenizer = RealTokenizers.Get(name);
        foreach (string text in Texts.Sample(300).Where(t => !t.Contains('\uFFFD', StringComparison.Ordinal)))
        {
            int[] ids = tokenizer.Encode(text);
            var detokenizer = new IncrementalDetokenizer(tokenizer);
            var pieces = Pieces(detokenizer, ids);

            Assert.Equal(tokenizer.Decode(ids), string.Concat(pieces));
            Assert.All(pieces, piece => Assert.Same(piece, Tokenizer.CleanDocument(piece))); // no half surrogate pairs
            Assert.DoesNotContain(pieces, piece => piece.Contains('\uFFFD', StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Appending_does_not_cost_more_in_a_long_text()
    {
        // Were all ids decoded each time, this would take the better part of an hour.
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());
        var detokenizer = new IncrementalDetokenizer(tokenizer);
        int length = 0;
        for (int i = 0; i < 100_000; i++)
            length += detokenizer.Append(i % 2 == 0 ? 260 : 0xFF).Length;

        Assert.Equal((50_000 * " hello".Length) + 50_000, length);
    }

    private static List<string> Pieces(IncrementalDetokenizer detokenizer, params int[] ids)
    {
        var pieces = ids.Select(detokenizer.Append).ToList();
        pieces.Add(detokenizer.Flush());
        return pieces;
    }

    private static void AssertPiecesJoin(Tokenizer tokenizer, int[] awkward)
    {
        var anyId = Gen.Frequency(
            (2, Gen.Int[0, tokenizer.VocabularySize + 5]),
            (3, Gen.OneOf(awkward)),
            (1, Gen.OneOf([.. tokenizer.SpecialTokens.Values])));
        foreach (int[] ids in anyId.Array[0, 20].Array[1000].Single(_ => true, Texts.Seed))
        {
            var detokenizer = new IncrementalDetokenizer(tokenizer);
            string joined = string.Concat(Pieces(detokenizer, ids));

            Assert.True(tokenizer.Decode(ids) == joined, $"[{string.Join(", ", ids)}]");
        }
    }
}
