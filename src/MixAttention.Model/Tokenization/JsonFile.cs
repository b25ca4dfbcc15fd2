using System.Text.Json;

namespace MixAttention.Model.Tokenization;

/// <summary>Reads JSON files of a model folder whose root is an object.</summary>
internal static class JsonFile
{
    /// <summary>Parses a file; an undefined element when it does not exist.</summary>
    /// <exception cref="TokenizerException">The file cannot be read or is not a JSON object.</exception>
    public static JsonElement TryRead(string path)
    {
        if (!File.Exists(path))
            return default;
        using var document = Parse(path, ReadBytes(path));
        return document.RootElement.Clone();
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <exception cref="TokenizerException">The file cannot be read.</exception>
    public static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"{path} cannot be read: {e.Message} Check that the file exists and may be read.", e);
        }
    }

    /// <summary>Parses bytes that were read from <paramref name="path"/>; the document refers to them and is disposed by the caller.</summary>
    /// <exception cref="TokenizerException">The bytes are not a JSON object.</exception>
    public static JsonDocument Parse(string path, ReadOnlyMemory<byte> bytes)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes);
        }
        catch (JsonException e)
        {
            throw new TokenizerException($"{path} is not valid JSON: {e.Message} Download the file again.", e);
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        var found = document.RootElement.ValueKind;
        document.Dispose();
        throw new TokenizerException($"{path} holds a JSON {found} where an object is expected. Download the file again.");
    }

    /// <summary>Finds a property; an undefined element when the parent is no object or lacks it.</summary>
    public static JsonElement Find(this JsonElement parent, string name)
        => parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? value : default;

    /// <summary>Tells whether the element is this string.</summary>
    public static bool IsText(this JsonElement element, string text) => element.ValueKind == JsonValueKind.String && element.ValueEquals(text);
}
