using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace MixAttention.Batch.Inputs;

/// <summary>Reads JSON that others wrote: no duplicate keys, no comments, no trailing commas, no NaN, at most 64 levels deep.</summary>
internal static class StrictJson
{
    private const int ExcerptBytes = 60;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Parses a line.</summary>
    /// <param name="document">The caller's to dispose; uses the line's bytes and must not outlive them.</param>
    /// <param name="problem">What is wrong and what to do.</param>
    public static bool TryParse(ReadOnlyMemory<byte> line, [NotNullWhen(true)] out JsonDocument? document, [NotNullWhen(false)] out string? problem)
    {
        try
        {
            document = JsonDocument.Parse(line, Options);
            problem = null;
            return true;
        }
        catch (JsonException e)
        {
            document = null;
            string reason = e.Message.Split(" LineNumber:", 2)[0].Split(" Path:", 2)[0];
            string place = e.BytePositionInLine is { } position ? $" (byte {position + 1} of the line)" : "";
            problem = $"The line is not valid JSON{place}: {reason} Write one JSON object per line.";
            return false;
        }
    }

    /// <summary>Reads a string's text; false when an escape in it is half of a surrogate pair, so that it is no text.</summary>
    public static bool TryGetText(this JsonElement text, [NotNullWhen(true)] out string? value)
    {
        try
        {
            value = text.GetString()!; // Called for strings only.
            return true;
        }
        catch (InvalidOperationException)
        {
            value = null;
            return false;
        }
    }

    /// <summary>Shows a value as it is written, cut to a length that fits a message.</summary>
    public static string Excerpt(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        if (raw.Length <= ExcerptBytes)
            return Encoding.UTF8.GetString(raw);
        int length = ExcerptBytes;
        while ((raw[length] & 0xC0) == 0x80) // Not inside a character.
            length--;
        return Encoding.UTF8.GetString(raw[..length]) + "…";
    }
}
