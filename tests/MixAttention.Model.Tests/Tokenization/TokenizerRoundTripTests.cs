using System.Text.Json;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.Tokenization;

/// <summary>Decoding what was encoded gives the text as the tokenizer normalizes it.</summary>
public sealed class TokenizerRoundTripTests
{
    [Fact]
    public void Tiny_byte_level_tokenizer_gives_any_text_back()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());

        AssertRoundTrip(tokenizer, Texts.Sample(500), text => text);
    }

    [Fact]
    public void Tiny_byte_fallback_tokenizer_gives_any_text_back()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteFallback());

        AssertRoundTrip(tokenizer, Texts.Sample(500), text => text.Replace('▁', ' '));
    }

    [Fact]
    public void Demo_gives_any_text_back()
    {
        using var tokenizer = Tokenizer.Load(DemoFolder.Get());

        AssertRoundTrip(tokenizer, Texts.Sample(500), text => text);
    }

    [Fact]
    public void Llama3_gives_any_text_back() => AssertRoundTrip(RealTokenizers.Get("llama3"), Texts.Sample(500), text => text);

    [Fact]
    public void Gemma3_gives_any_text_back_with_spaces_for_its_mark() => AssertRoundTrip(RealTokenizers.Get("gemma3"), Texts.Sample(500), text => text.Replace('▁', ' '));

    [Fact]
    public void Qwen3_gives_any_text_back_composed()
    {
        var tokenizer = RealTokenizers.Get("qwen3");
        if (!NodeProgram.Exists("node"))
            Assert.Skip("node, which normalizes the expected texts, is not installed.");
        // .NET without ICU has no normalization.
        var texts = Texts.Sample(500);
        string composed = NodeProgram.Run(Path.GetTempPath(), "node", JsonSerializer.Serialize(texts),
            "-e", "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8')).map(t => t.normalize('NFC'))))");
        var expected = texts.Zip(JsonSerializer.Deserialize<string[]>(composed)!).DistinctBy(pair => pair.First).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);

        AssertRoundTrip(tokenizer, texts, text => expected[text]);
    }

    [Theory]
    [InlineData("e\u0301", "é")]
    [InlineData("\u212B", "Å")] // the sign of the unit becomes the letter
    [InlineData("\u1112\u1161\u11AB", "한")]
    [InlineData("a\u0307\u0323", "ạ\u0307")] // marks are put in order first
    [InlineData("\u0958", "\u0915\u093C")] // one that is never composed
    [InlineData("ﬁ", "ﬁ")]
    public void Qwen3_composes_characters(string text, string expected) => AssertRoundTrip(RealTokenizers.Get("qwen3"), [text], _ => expected);

    private static void AssertRoundTrip(Tokenizer tokenizer, IReadOnlyList<string> texts, Func<string, string> normalize)
    {
        foreach (string text in texts)
            Assert.Equal(normalize(text), tokenizer.Decode(tokenizer.Encode(text)));
    }
}
