using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MixAttention.Batch.Documents;

namespace MixAttention.Batch.Evaluation;

/// <summary>A document and what is true of it.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Text">The document.</param>
/// <param name="Summary">The right summary; null when none is known.</param>
/// <param name="Questions">Questions with their right answers.</param>
public sealed record TruthCase(string Id, string Text, string? Summary, IReadOnlyList<TruthQuestion> Questions);

/// <summary>A question and its right answer.</summary>
public sealed record TruthQuestion(string Question, string Answer);

/// <summary>Reads documents with known summaries and answers: one JSON object per line with <c>id</c>, <c>summary</c>, <c>questions</c> and perhaps <c>text</c>; gzipped if the name ends in .gz.</summary>
public static class TruthFile
{
    private const string Example = """{"id": "a.txt", "summary": "All is well.", "questions": [{"question": "Who wrote it?", "answer": "Ann."}]}""";

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="documents">Folder of documents for lines without text, whose file is called as their id says; null takes the file's folder.</param>
    /// <param name="limit">Most cases to read; null for all.</param>
    /// <exception cref="BatchException">The file is missing or a line is broken; the message names the line.</exception>
    public static List<TruthCase> Read(string path, string? documents, int? limit)
    {
        if (!File.Exists(path))
            throw BatchException.Usage($"There is no truth file {path}. Give --truth a JSONL file with id, summary and questions, and text or a file per id.");
        string folder = Path.GetFullPath(documents ?? Path.GetDirectoryName(Path.GetFullPath(path))!); // A file has a folder.
        var cases = new List<TruthCase>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        int number = 1;
        try
        {
            using var reader = new StreamReader(Open(path), Encoding.UTF8);
            for (; cases.Count < (limit ?? int.MaxValue) && reader.ReadLine() is { } line; number++)
            {
                if (line.Length == 0)
                    continue;
                cases.Add(Read(line, folder));
                if (!ids.Add(cases[^1].Id))
                    throw new JsonException($"id {cases[^1].Id} stands in an earlier line too");
            }
        }
        catch (Exception e) when (e is JsonException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw BatchException.Usage($"{path}, line {number}: {e.Message.TrimEnd('.')}. Each line is an object with an id of its own, summary or questions, and text or a file of that name in {folder}, such as {Example}.");
        }

        return cases.Count > 0 ? cases : throw BatchException.Usage($"{path} holds no documents. Give a file with one JSON object per line.");
    }

    private static Stream Open(string path)
    {
        var file = File.OpenRead(path);
        return path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private static TruthCase Read(string line, string folder)
    {
        var truth = Parse(line);
        string id = truth.Id is { Length: > 0 } given && !given.Contains('\0', StringComparison.Ordinal) ? given : throw new JsonException("id is missing, empty or holds a NUL character");
        var questions = truth.Questions ?? [];
        if (questions.Any(q => q is not { Question: not null, Answer: not null }))
            throw new JsonException("a question lacks its question or its answer");
        if (truth.Summary is null && questions.Count == 0)
            throw new JsonException("there is neither a summary nor a question");
        return new TruthCase(id, truth.Text ?? ReadDocument(id, folder), truth.Summary, questions);
    }

    /// <summary>Reads the fields of a line; the library's own messages are not for people.</summary>
    private static TruthLine Parse(string line)
    {
        using var json = ParseJson(line);
        try
        {
            return json.Deserialize(TruthJson.Default.TruthLine) ?? throw new InvalidDataException("it is null, not an object");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(e.Path is ['$', '.', .. var field] ? $"{field} is of another type than it should be" : "it is not an object", e);
        }
    }

    private static JsonDocument ParseJson(string line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"it is not valid JSON (at byte {e.BytePositionInLine + 1})", e);
        }
    }

    private static string ReadDocument(string id, string folder)
    {
        string path = Path.GetFullPath(id, folder);
        if (!RealPath.IsWithin(path, folder))
            throw new JsonException($"id {id} leads out of the folder");
        return File.Exists(path) ? File.ReadAllText(path) : throw new JsonException($"there is no text, and no file {path}");
    }
}

/// <summary>A line of a truth file.</summary>
internal sealed record TruthLine(string? Id, string? Text, string? Summary, IReadOnlyList<TruthQuestion>? Questions);

/// <summary>Reads lines of truth files; what else they hold is passed over.</summary>
[JsonSerializable(typeof(TruthLine))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class TruthJson : JsonSerializerContext;
