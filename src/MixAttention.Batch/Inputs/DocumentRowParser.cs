using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using MixAttention.Batch.Records;
using MixAttention.Engine;

namespace MixAttention.Batch.Inputs;

/// <summary>Reads the lines of a .jsonl file of documents. Safe for concurrent use.</summary>
/// <param name="fields">The names of the two fields that every line has.</param>
public sealed class DocumentRowParser(DocumentFields fields)
{
    /// <summary>Reads a line. What is wrong with it is an answer, never an exception.</summary>
    public ParsedRow<DocumentRow> Parse(ReadOnlyMemory<byte> line)
    {
        if (!StrictJson.TryParse(line, out var document, out string? problem))
            return ParsedRow<DocumentRow>.FileFault(ErrorCodes.InvalidJson, problem);
        using (document)
        {
            var root = document.RootElement;
            if (RowId.Read(root, fields.Id, out string? id) is { } fault)
                return ParsedRow<DocumentRow>.FileFault(ErrorCodes.InvalidRequest, fault);
            string sha256 = LineDigest.Of(root, fields.Id);
            var error = ReadText(root, out string text);
            return error is null
                ? new ParsedRow<DocumentRow>(id, sha256, new DocumentRow(id!, text, ReadMetadata(root)), null) // No fault, so there is an id.
                : new ParsedRow<DocumentRow>(id, sha256, null, error);
        }
    }

    private GenerationError? ReadText(JsonElement line, out string text)
    {
        text = "";
        if (!line.TryGetProperty(fields.Text, out var value))
            return new GenerationError(ErrorCodes.InvalidRequest, $"{fields.Text} is missing. Give the document's text, or name its field with --text-field.");
        if (value.ValueKind != JsonValueKind.String)
            return new GenerationError(ErrorCodes.InvalidRequest, $"{fields.Text} is {StrictJson.Excerpt(value)}. Give a text.");
        text = value.GetString()!; // A string has a text.
        return string.IsNullOrWhiteSpace(text) ? new GenerationError(ErrorCodes.DocumentEmpty, $"{fields.Text} holds no text. Remove the line.") : null;
    }

    private Dictionary<string, string> ReadMetadata(JsonElement line)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in line.EnumerateObject().Where(p => p.Name != fields.Id && p.Name != fields.Text))
        {
            if (property.Value.ValueKind == JsonValueKind.Number)
                metadata[property.Name] = Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(property.Value));
            else if (property.Value.ValueKind == JsonValueKind.String)
                metadata[property.Name] = property.Value.GetString()!; // A string has a text.
        }

        return metadata;
    }
}
