using System.Text.Json;

namespace MixAttention.Batch.Inputs;

/// <summary>Reads the id that every row needs: the one thing that joins a result to its request.</summary>
internal static class RowId
{
    /// <summary>The longest id, in characters (UTF-16).</summary>
    public const int MaxLength = 512;

    /// <summary>Reads the id of a line.</summary>
    /// <param name="field">The id's field.</param>
    /// <param name="id">1 to 512 characters, none of them a control character or U+FFFD; null when the line has no such id.</param>
    /// <returns>What is wrong with the line; null when the id is sound.</returns>
    public static string? Read(JsonElement line, string field, out string? id)
    {
        id = null;
        if (line.ValueKind != JsonValueKind.Object)
            return $"The line is {StrictJson.Excerpt(line)}. Write one JSON object per line.";
        if (!line.TryGetProperty(field, out var value))
            return $"{field} is missing. Give every line its own.";
        string text = value.ValueKind == JsonValueKind.String ? value.GetString()! : ""; // A string has a text.
        if (text.Length is 0 or > MaxLength || text.Any(c => char.IsControl(c) || c == '\uFFFD')) // U+FFFD stands for what was no character: such an id joins nothing.
            return $"{field} is {StrictJson.Excerpt(value)}. Give a text of 1 to {MaxLength} characters without control characters and U+FFFD.";
        id = text;
        return null;
    }
}
