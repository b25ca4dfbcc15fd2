using System.Text.Json;

namespace MixAttention.Batch.Inputs;

/// <summary>Reads the id that every row needs: the one thing that joins a result to its request.</summary>
internal static class RowId
{
    /// <summary>The longest id, in characters (UTF-16).</summary>
    public const int MaxLength = 512;

    /// <summary>Reads the id of a line.</summary>
    /// <param name="field">The id's field.</param>
    /// <param name="id">1 to 512 characters, none of them a control character; null when the line has no such id.</param>
    /// <returns>What is wrong with the line; null when the id is sound.</returns>
    public static string? Read(JsonElement line, string field, out string? id)
    {
        id = null;
        if (line.ValueKind != JsonValueKind.Object)
            return $"The line is {StrictJson.Excerpt(line)}. Write one JSON object per line.";
        if (!line.TryGetProperty(field, out var value))
            return $"{field} is missing. Give every line its own.";
        if (value.ValueKind != JsonValueKind.String || !value.TryGetText(out string? text) || text.Length is 0 or > MaxLength || text.Any(char.IsControl))
            return $"{field} is {StrictJson.Excerpt(value)}. Give a text of 1 to {MaxLength} characters without control characters.";
        id = text;
        return null;
    }
}
