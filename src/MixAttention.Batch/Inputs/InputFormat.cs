using System.Text.Json;

namespace MixAttention.Batch.Inputs;

/// <summary>What the lines of a .jsonl file are.</summary>
public enum InputFormat
{
    /// <summary>Requests as OpenAI's Batch API takes them: <c>custom_id</c>, <c>method</c>, <c>url</c>, <c>body</c>.</summary>
    OpenAIBatch,

    /// <summary>Documents: an id, a text, and other fields that templates may name.</summary>
    Documents,
}

/// <summary>Tells what the lines of a .jsonl file are.</summary>
public static class InputFormats
{
    /// <summary>Looks for the first line that tells. A file without lines is an OpenAI batch file without requests.</summary>
    /// <param name="stream">The file from its start; read on from there, so the caller opens it again.</param>
    /// <param name="file">The file's name in messages.</param>
    /// <param name="fields">The names of a document's fields.</param>
    /// <param name="maxLineBytes">The longest line taken.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="BatchException">No line is one or the other.</exception>
    public static async Task<InputFormat> DetectAsync(
        Stream stream, string file, DocumentFields fields, int maxLineBytes = LineReader.DefaultMaxLineBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fields);
        string? firstProblem = null;
        await foreach (var line in new LineReader(stream, maxLineBytes).ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            string? problem = line.Error?.Message;
            if (problem is null && StrictJson.TryParse(line.Bytes, out var document, out problem))
            {
                using (document)
                {
                    var root = document.RootElement;
                    if (Has(root, "body") && (Has(root, "custom_id") || Has(root, "url")))
                        return InputFormat.OpenAIBatch;
                    if (Has(root, fields.Id) && Has(root, fields.Text))
                        return InputFormat.Documents;
                    problem = "";
                }
            }

            firstProblem ??= $"{file}, line {line.Number}, is neither a request of an OpenAI batch file (custom_id and body) nor a document ({fields.Id} and {fields.Text})." +
                $"{(problem.Length > 0 ? " " + problem : "")} Correct it, name the fields with --id-field and --text-field, or say what it is with --format.";
        }

        return firstProblem is null ? InputFormat.OpenAIBatch : throw BatchException.Usage(firstProblem);
    }

    private static bool Has(JsonElement line, string field) => line.ValueKind == JsonValueKind.Object && line.TryGetProperty(field, out _);
}
