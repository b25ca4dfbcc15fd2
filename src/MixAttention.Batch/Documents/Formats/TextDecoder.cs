using System.Text;
using MixAttention.Batch.Records;
using UtfUnknown;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Finds out in which encoding bytes are text, and decodes them whole or not at all.</summary>
/// <remarks>
/// In this order: a byte order mark, UTF-8, UTF-16 without a mark, what the document itself declares, and what the statistics of its first bytes say. A guess must be
/// confident, must decode every byte, and must give no control characters.
/// </remarks>
internal static class TextDecoder
{
    private const float MinConfidence = 0.5f;
    private const int MinDetectedBytes = 16; // Statistics of less say nothing.
    private const int MaxDetectedBytes = 256 << 10;
    private const string Cure = "Convert it, for example with iconv -t utf-8.";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding Utf16 = new(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding Utf16BigEndian = new(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);

    /// <summary>Decodes a document's bytes.</summary>
    /// <param name="declared">The encoding that the document names inside, if any: asked after the encodings that prove themselves.</param>
    /// <exception cref="DocumentException"><c>document_undecodable</c>.</exception>
    public static string Decode(byte[] bytes, string? declared = null)
    {
        string? text = bytes switch
        {
            [0xEF, 0xBB, 0xBF, .. var rest] => TryDecode(Utf8, rest),
            [0xFF, 0xFE, .. var rest] => TryDecode(Utf16, rest),
            [0xFE, 0xFF, .. var rest] => TryDecode(Utf16BigEndian, rest),
            _ when UnmarkedUtf16(bytes) is { } encoding => TryDecode(encoding, bytes),
            _ => TryDecode(Utf8, bytes) ?? Guess(declared, bytes) ?? Detect(bytes),
        };
        if (text is null)
            throw new DocumentException(ErrorCodes.DocumentUndecodable, $"is not valid UTF-8 text, and its encoding cannot be told. {Cure}");
        return text.Contains('\0', StringComparison.Ordinal)
            ? throw new DocumentException(ErrorCodes.DocumentUndecodable, "holds NUL characters, so it is binary or in another encoding. Convert it to UTF-8 text.")
            : text;
    }

    private static string? TryDecode(Encoding encoding, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return encoding.GetString(bytes);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Recognizes UTF-16 of mostly Latin text: every other byte tends to be zero, always on the same side.</summary>
    private static UnicodeEncoding? UnmarkedUtf16(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 4 || bytes.Length % 2 != 0)
            return null;
        int evenZeros = 0, oddZeros = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            evenZeros += bytes[i] == 0 ? 1 : 0;
            oddZeros += bytes[i + 1] == 0 ? 1 : 0;
        }

        int many = bytes.Length / 4;
        return (evenZeros, oddZeros) switch
        {
            (0, _) when oddZeros >= many => Utf16,
            (_, 0) when evenZeros >= many => Utf16BigEndian,
            _ => null,
        };
    }

    private static string? Detect(byte[] bytes)
    {
        if (bytes.Length < MinDetectedBytes)
            return null;
        var guess = CharsetDetector.DetectFromBytes(bytes.AsSpan(0, Math.Min(bytes.Length, MaxDetectedBytes))).Detected;
        return guess is { Confidence: >= MinConfidence } ? Guess(guess.EncodingName, bytes) : null;
    }

    private static string? Guess(string? name, byte[] bytes)
    {
        if (name is null || FindEncoding(name) is not { } encoding || TryDecode(encoding, bytes) is not { } text)
            return null;
        return text.AsSpan().ContainsAnyInRange('\u0080', '\u009F') || text.AsSpan().ContainsAnyInRange('\0', '\u0008') ? null : text;
    }

    /// <summary>Finds an encoding that throws where bytes mean nothing.</summary>
    private static Encoding? FindEncoding(string name)
    {
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
                ?? Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
