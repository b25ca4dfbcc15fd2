using System.Text.Json;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Engine;

namespace MixAttention.Batch.Inputs;

/// <summary>Reads the lines of an OpenAI batch file: <c>{"custom_id", "method", "url", "body"}</c>. Safe for concurrent use.</summary>
/// <param name="servedModel">The name that every body's <c>model</c> must be.</param>
/// <param name="defaults">What holds for bodies that do not say otherwise.</param>
public sealed class BatchRowParser(string servedModel, BodyDefaults defaults)
{
    private const string IdField = "custom_id";
    private const string ChatUrl = "/v1/chat/completions";
    private const string CompletionsUrl = "/v1/completions";

    /// <summary>Creates the parser of a job's rows.</summary>
    public static BatchRowParser Of(JobManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return new BatchRowParser(manifest.ModelName, new BodyDefaults { Sampling = manifest.Sampling, MaxTokens = manifest.Input.MaxTokens });
    }

    /// <summary>Reads a line. What is wrong with it is an answer, never an exception.</summary>
    /// <param name="line">One line; nothing of it is kept.</param>
    public ParsedRow<BatchRow> Parse(ReadOnlyMemory<byte> line)
    {
        if (!StrictJson.TryParse(line, out var document, out string? problem))
            return ParsedRow<BatchRow>.FileFault(ErrorCodes.InvalidJson, problem);
        using (document)
        {
            var root = document.RootElement;
            if (RowId.Read(root, IdField, out string? id) is { } fault)
                return ParsedRow<BatchRow>.FileFault(ErrorCodes.InvalidRequest, fault);
            var row = ReadRow(id!, root, out var error); // No fault, so there is an id.
            return new ParsedRow<BatchRow>(id, LineDigest.Of(root, IdField), row, error);
        }
    }

    private BatchRow? ReadRow(string id, JsonElement line, out GenerationError? error)
    {
        // 1. The envelope. Only a known url tells how to read the body.
        var problems = new List<string>();
        var fields = new FieldValue("", line, problems).Properties().ToDictionary(p => p.Name, p => p.Value);
        if (FindEndpoint(fields) is not { } endpoint)
        {
            error = new GenerationError(ErrorCodes.UnsupportedUrl, $"url is {Excerpt(fields, "url")}. Give {ChatUrl} or {CompletionsUrl}.");
            return null;
        }

        if (!fields.TryGetValue("method", out var method) || !method.Is("POST"))
            problems.Add($"method is {Excerpt(fields, "method")}. Give \"POST\".");
        foreach (var (_, value) in fields.Where(f => f.Key is not (IdField or "method" or "url" or "body")))
            value.Refuse("The field is unknown. Remove it; what belongs to the request goes into body.");
        if (!fields.TryGetValue("body", out var body) || body.Kind != JsonValueKind.Object)
        {
            problems.Add($"body is {Excerpt(fields, "body")}. Give the request's object.");
            error = Join(problems);
            return null;
        }

        // 2. The model. A body for another one is not looked at.
        var bodyFields = body.Properties().ToDictionary(p => p.Name, p => p.Value);
        if (!bodyFields.TryGetValue("model", out var model) || !model.Is(servedModel))
        {
            error = new GenerationError(ErrorCodes.ModelNotFound, $"body.model is {Excerpt(bodyFields, "model")}, and the model served here is \"{servedModel}\". Write that, or serve the model under the other name with --served-model-name.");
            return null;
        }

        // 3. The body, field by field.
        var draft = new BodyDraft(defaults);
        foreach (var (name, value) in bodyFields)
            ReadField(draft, endpoint, name, value);
        var row = draft.ToRow(id, endpoint, problems);
        error = problems.Count > 0 ? Join(problems) : null;
        return error is null ? row : null;
    }

    private static BatchEndpoint? FindEndpoint(Dictionary<string, FieldValue> fields)
    {
        if (!fields.TryGetValue("url", out var url))
            return null;
        return url.Is(ChatUrl) ? BatchEndpoint.ChatCompletions : url.Is(CompletionsUrl) ? BatchEndpoint.Completions : null;
    }

    private static void ReadField(BodyDraft draft, BatchEndpoint endpoint, string name, FieldValue value)
    {
        if (BodyFields.Find(name, endpoint) is not { } field)
            value.Refuse($"The field is unknown for {(endpoint == BatchEndpoint.Completions ? CompletionsUrl : ChatUrl)}. Remove it; README.md lists those that are known.");
        else if (value.Kind != JsonValueKind.Null)
            field.Read(draft, value);
    }

    private static string Excerpt(Dictionary<string, FieldValue> fields, string name) => fields.TryGetValue(name, out var value) ? StrictJson.Excerpt(value.Element) : "missing";

    private static GenerationError Join(List<string> problems)
    {
        const int shown = 8;
        string rest = problems.Count > shown ? $" And {problems.Count - shown} more." : "";
        return new GenerationError(ErrorCodes.InvalidRequest, string.Join(" ", problems.Take(shown)) + rest);
    }
}
