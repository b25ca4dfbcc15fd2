using CsCheck;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.Tokenization;

/// <summary>Generates arbitrary Unicode texts, rich in what tokenizers stumble over.</summary>
internal static class Texts
{
    public const string Seed = "0N0XIzNsQ0O2";

    private static readonly Gen<string> Piece = Gen.Frequency(
        (4, Gen.Char[' ', '~'].Select(c => c.ToString())),
        (3, Gen.Char.Select(c => c.ToString())), // unpaired surrogates and noncharacters too
        (2, Gen.Int[0x10000, 0x10FFFF].Select(char.ConvertFromUtf32)),
        (2, Gen.Char['\u0300', '\u036F'].Select(c => c.ToString())),
        (1, Gen.Char['\u1100', '\u11FF'].Select(c => c.ToString())),
        (1, Gen.Char['\u3041', '\u30FF'].Select(c => c.ToString())),
        (1, Gen.OneOf("\0", "\r\n", "\n\n\n", "\t", "     ", "\u00A0", "\u2028", "\u200D", "\uFEFF", "\uFFFD", "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301", "ﬁ", "12345678", "don't", "WE'VE")));

    /// <summary>Gets cleaned documents.</summary>
    public static Gen<string> Cleaned { get; } = Piece.Array[0, 30].Select(pieces => Tokenizer.CleanDocument(string.Concat(pieces)));

    /// <summary>Gets the same texts in every run.</summary>
    public static IReadOnlyList<string> Sample(int count) => Cleaned.Array[count].Single(_ => true, Seed);
}
