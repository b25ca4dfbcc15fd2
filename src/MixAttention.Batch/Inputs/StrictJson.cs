using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace MixAttention.Batch.Inputs;

/// <summary>Reads JSON that others wrote: valid UTF-8, no duplicate keys, no comments, no trailing commas, no NaN, at most 64 levels deep.</summary>
/// <remarks>An escape that is half of a surrogate pair, as cutting a text in two leaves it, is read as U+FFFD: every string is text.</remarks>
internal static class StrictJson
{
    private const int ExcerptLength = 60;
    private const int ReasonLength = 200;
    private const int EscapeBytes = 6; // \uXXXX

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Parses a line.</summary>
    /// <param name="document">The caller's to dispose; uses the line's bytes and must not outlive them.</param>
    /// <param name="problem">What is wrong and what to do.</param>
    public static bool TryParse(ReadOnlyMemory<byte> line, [NotNullWhen(true)] out JsonDocument? document, [NotNullWhen(false)] out string? problem)
    {
        document = null;
        problem = null;
        if (!Utf8.IsValid(line.Span))
        {
            problem = "The line is not valid UTF-8. Convert the file, for example with iconv -t utf-8.";
            return false;
        }

        try
        {
            document = JsonDocument.Parse(WithWholeCharacters(line), Options);
            return true;
        }
        catch (JsonException e)
        {
            string reason = Excerpt(e.Message.Split(" LineNumber:", 2)[0], ReasonLength); // It may quote a key of any length.
            string place = e.BytePositionInLine is { } position ? $" (byte {position + 1} of the line)" : "";
            problem = $"The line is not valid JSON{place}: {reason} Write one JSON object per line.";
            return false;
        }
    }

    /// <summary>Shows a value as it is written, cut to a length that fits a message.</summary>
    public static string Excerpt(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        if (raw.Length <= ExcerptLength)
            return Encoding.UTF8.GetString(raw);
        int length = ExcerptLength;
        while ((raw[length] & 0xC0) == 0x80) // Not inside a character.
            length--;
        return Encoding.UTF8.GetString(raw[..length]) + "…";
    }

    /// <summary>Shows a text, cut to a length that fits a message.</summary>
    public static string Excerpt(string text, int length = ExcerptLength) =>
        text.Length <= length ? text : text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "…";

    private static ReadOnlyMemory<byte> WithWholeCharacters(ReadOnlyMemory<byte> line)
    {
        byte[]? repaired = null;
        var bytes = line.Span;
        int at = 0;
        while (bytes[at..].IndexOf((byte)'\\') is var next and >= 0)
        {
            at += next;
            char unit = EscapedUnit(bytes[at..]);
            if (char.IsHighSurrogate(unit) && char.IsLowSurrogate(EscapedUnit(bytes[(at + EscapeBytes)..])))
            {
                at += 2 * EscapeBytes;
            }
            else if (char.IsSurrogate(unit))
            {
                repaired ??= line.ToArray();
                "\\ufffd"u8.CopyTo(repaired.AsSpan(at));
                at += EscapeBytes;
            }
            else
            {
                at = Math.Min(at + 2, bytes.Length); // The backslash and what it escapes, perhaps another backslash.
            }
        }

        return repaired ?? line;
    }

    /// <summary>Reads the UTF-16 unit that bytes begin with when they are an escape such as \u00E9; 0 when they are not.</summary>
    private static char EscapedUnit(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= EscapeBytes && bytes.StartsWith("\\u"u8) && ushort.TryParse(bytes[2..EscapeBytes], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit) ? (char)unit : '\0';
}
