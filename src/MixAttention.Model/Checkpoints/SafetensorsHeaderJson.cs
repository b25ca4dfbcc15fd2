using System.Text.Json;

namespace MixAttention.Model.Checkpoints;

/// <summary>Holds what a header says about a tensor, not yet checked against the file.</summary>
/// <param name="Start">First byte behind the header.</param>
/// <param name="End">One behind the last byte.</param>
internal sealed record DeclaredTensor(string Name, StoredType Type, List<ulong> Shape, ulong Start, ulong End);

/// <summary>Parses a safetensors header's JSON: an object of tensors and, under <c>__metadata__</c>, strings.</summary>
internal static class SafetensorsHeaderJson
{
    private const string Metadata = "__metadata__";
    private const int MaxShownLength = 200;

    /// <summary>Parses the header.</summary>
    /// <exception cref="JsonException">The text is not the JSON of the format, or a name occurs twice.</exception>
    /// <exception cref="InvalidOperationException">A string holds an escaped lone surrogate.</exception>
    internal static List<DeclaredTensor> Parse(ReadOnlySpan<byte> header)
    {
        var reader = new Utf8JsonReader(header);
        var tensors = new List<DeclaredTensor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        Expect(ref reader, JsonTokenType.StartObject, "The header");
        while (NextProperty(ref reader) is { } name)
        {
            if (!names.Add(name))
                throw new JsonException($"The name {Shown(name)} occurs twice.");
            if (name == Metadata)
                SkipMetadata(ref reader);
            else
                tensors.Add(ReadTensor(ref reader, name));
        }

        if (reader.Read())
            throw new JsonException("Text follows the header's object.");
        return tensors;
    }

    /// <summary>Cuts a text of unknown length for a message.</summary>
    internal static string Shown(string text) => text.Length <= MaxShownLength ? text : string.Concat(text.AsSpan(0, MaxShownLength), "…");

    private static DeclaredTensor ReadTensor(ref Utf8JsonReader reader, string name)
    {
        string tensor = $"tensor {Shown(name)}";
        StoredType? type = null;
        List<ulong>? shape = null, offsets = null;
        Expect(ref reader, JsonTokenType.StartObject, tensor);
        while (NextProperty(ref reader) is { } key)
        {
            switch (key)
            {
                case "dtype" when type is null:
                    Expect(ref reader, JsonTokenType.String, $"The dtype of {tensor}");
                    string text = reader.GetString()!;
                    type = StoredTypes.TryParse(text, out var parsed) ? parsed : throw new JsonException($"{tensor} has the unknown dtype {Shown(text)}.");
                    break;
                case "shape" when shape is null:
                    shape = ReadIntegers(ref reader, $"The shape of {tensor}");
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadIntegers(ref reader, $"The data_offsets of {tensor}");
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw new JsonException($"{tensor} has {key} twice.");
                default:
                    reader.Read();
                    reader.Skip();
                    break;
            }
        }

        if (type is null || shape is null || offsets is not [var start, var end])
            throw new JsonException($"{tensor} lacks a dtype, a shape or data_offsets of two numbers.");
        return new(name, type.Value, shape, start, end);
    }

    private static List<ulong> ReadIntegers(ref Utf8JsonReader reader, string what)
    {
        var numbers = new List<ulong>();
        Expect(ref reader, JsonTokenType.StartArray, what);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetUInt64(out ulong number))
                throw new JsonException($"{what} must be a list of integers from 0 to 2^64 - 1.");
            numbers.Add(number);
        }

        return numbers;
    }

    private static void SkipMetadata(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return;
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException($"{Metadata} must be an object of strings.");
        while (NextProperty(ref reader) is { } key)
            Expect(ref reader, JsonTokenType.String, $"{Metadata} {Shown(key)}");
    }

    /// <summary>Moves to the next property's name; null at the object's end.</summary>
    private static string? NextProperty(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string what)
    {
        if (!reader.Read() || reader.TokenType != type)
            throw new JsonException($"{what} must be a {type.ToString().Replace("Start", "", StringComparison.Ordinal).ToLowerInvariant()}, found {reader.TokenType}.");
    }
}
