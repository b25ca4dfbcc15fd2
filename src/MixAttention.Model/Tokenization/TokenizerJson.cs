using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MixAttention.Model.Tokenization;

/// <summary>A token that tokenizer.json lists beside its vocabulary.</summary>
internal readonly record struct AddedToken(string Text, int Id, bool IsSpecial);

/// <summary>Reads the parts of a tokenizer.json that the tokenizer library does not show, and writes the copy that the library loads.</summary>
internal sealed class TokenizerJson : IDisposable
{
    // Far above any vocabulary; a lying id must not make a table of gigabytes.
    private const int MaxTokenId = 16_777_215;

    private readonly string _path;
    private readonly JsonDocument _document;

    private TokenizerJson(string path, JsonDocument document)
    {
        _path = path;
        _document = document;
    }

    private JsonElement Root => _document.RootElement;

    /// <summary>Parses a file's content.</summary>
    /// <exception cref="TokenizerException">It is not a JSON object.</exception>
    public static TokenizerJson Parse(string path, ReadOnlyMemory<byte> bytes) => new(path, JsonFile.Parse(path, bytes));

    /// <summary>Enumerates the vocabulary of the model.</summary>
    /// <exception cref="TokenizerException">There is none, or an entry has no id.</exception>
    public IEnumerable<(string Text, int Id)> Vocabulary()
    {
        var vocabulary = Root.Find("model").Find("vocab");
        if (vocabulary.ValueKind == JsonValueKind.Array)
            return vocabulary.EnumerateArray().Select((entry, id) => (Text(entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() > 0 ? entry[0] : entry, "model.vocab"), id));
        if (vocabulary.ValueKind != JsonValueKind.Object)
            throw Broken("model.vocab is missing");
        return vocabulary.EnumerateObject().Select(entry => (entry.Name, Id(entry.Value, "model.vocab")));
    }

    /// <summary>Enumerates the added tokens in the file's order.</summary>
    /// <exception cref="TokenizerException">An entry lacks its content or id.</exception>
    public IEnumerable<AddedToken> AddedTokens()
    {
        var tokens = Root.Find("added_tokens");
        return tokens.ValueKind == JsonValueKind.Array ? tokens.EnumerateArray().Select(ReadAddedToken) : [];
    }

    /// <summary>Tells whether the decoder is, or contains, one of the given type.</summary>
    public bool HasDecoder(string type) => Parts(Root.Find("decoder"), "decoders").Any(d => d.Find("type").IsText(type));

    /// <summary>Finds the special token that the post-processor puts before a text; null for none.</summary>
    public string? FirstTokenOfPrompt()
        => Parts(Root.Find("post_processor"), "processors")
            .Select(p => p.Find("single"))
            .Where(single => single.ValueKind == JsonValueKind.Array && single.GetArrayLength() > 0)
            .Select(single => single[0].Find("SpecialToken").Find("id"))
            .Where(id => id.ValueKind == JsonValueKind.String)
            .Select(id => id.GetString())
            .FirstOrDefault();

    /// <summary>Writes the file with special tokens renamed to sentinels, and without post-processor, truncation and padding.</summary>
    /// <remarks>
    /// Only sentinels then become special tokens, so that a document may contain the text of one. Renaming is the exact way: the library matches added tokens in any text,
    /// whatever their flags say, and leaving some out renumbers the others.
    /// </remarks>
    public void WriteSentinelCopy(Stream stream)
    {
        var renamed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var token in AddedTokens().Where(t => t.IsSpecial))
            renamed[token.Text] = Tokenizer.Sentinel(token.Id);
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        writer.WriteStartObject();
        foreach (var property in Root.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            switch (property.Name)
            {
                case "post_processor" or "truncation" or "padding":
                    writer.WriteNullValue();
                    break;
                case "added_tokens" when property.Value.ValueKind == JsonValueKind.Array:
                    CopyAddedTokens(writer, property.Value);
                    break;
                case "model":
                    CopyRenamed(writer, property.Value, renamed);
                    break;
                default:
                    Copy(writer, property.Value);
                    break;
            }
        }
        writer.WriteEndObject();
    }

    /// <inheritdoc/>
    public void Dispose() => _document.Dispose();

    private void CopyAddedTokens(Utf8JsonWriter writer, JsonElement tokens)
    {
        writer.WriteStartArray();
        foreach (var token in tokens.EnumerateArray())
        {
            var (_, id, isSpecial) = ReadAddedToken(token);
            writer.WriteStartObject();
            foreach (var property in token.EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                if (isSpecial && property.NameEquals("content"))
                    writer.WriteStringValue(Tokenizer.Sentinel(id));
                else if (isSpecial && property.NameEquals("normalized"))
                    writer.WriteBooleanValue(false); // else a normalizer that puts something before a text hides it within one
                else
                    Copy(writer, property.Value);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void CopyRenamed(Utf8JsonWriter writer, JsonElement value, Dictionary<string, string> renamed)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject())
                {
                    writer.WritePropertyName(renamed.GetValueOrDefault(property.Name, property.Name));
                    if (property.NameEquals("merges"))
                        Copy(writer, property.Value);
                    else
                        CopyRenamed(writer, property.Value, renamed);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    CopyRenamed(writer, item, renamed);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String when renamed.TryGetValue(value.GetString()!, out var sentinel): // a JSON string is never null
                writer.WriteStringValue(sentinel);
                break;
            default:
                Copy(writer, value);
                break;
        }
    }

    private static void Copy(Utf8JsonWriter writer, JsonElement value) => writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);

    private static JsonElement[] Parts(JsonElement part, string members)
        => part.Find(members) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [part];

    private AddedToken ReadAddedToken(JsonElement token)
        => new(Text(token.Find("content"), "added_tokens"), Id(token.Find("id"), "added_tokens"), token.Find("special").ValueKind == JsonValueKind.True);

    private string Text(JsonElement value, string where)
        => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Broken($"{where} has an entry whose text is {value.ValueKind}");

    private int Id(JsonElement value, string where)
        => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id is >= 0 and <= MaxTokenId
            ? id
            : throw Broken($"{where} has an entry whose id is '{value}'; ids are whole numbers from 0 to {MaxTokenId}");

    private TokenizerException Broken(string what) => new($"{_path} is no usable tokenizer: {what}. Take the tokenizer.json that belongs to the model.");
}
