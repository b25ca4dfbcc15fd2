using System.Text.Json;

namespace MixAttention.Model.Checkpoints;

/// <summary>Reads a JSON file of a checkpoint.</summary>
internal static class CheckpointJson
{
    private const long MaxBytes = 256L << 20;

    /// <summary>Reads a file; null when it cannot be read, with the reason in <paramref name="problems"/>.</summary>
    internal static JsonDocument? Read(string folder, string fileName, List<CheckpointProblem> problems)
    {
        try
        {
            using var stream = File.OpenRead(Path.Combine(folder, fileName));
            if (stream.Length > MaxBytes)
            {
                problems.Add(new($"{fileName}: it has {stream.Length} bytes; at most {MaxBytes} are allowed. Download it again."));
                return null;
            }

            var document = JsonDocument.Parse(stream);
            ReadTexts(document.RootElement);
            return document;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            problems.Add(new($"{fileName}: there is no such file. Give the folder of a Hugging Face checkpoint, with config.json and safetensors files."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException) // a pipe has no length
        {
            problems.Add(new($"{fileName}: the file cannot be read: {e.Message} Check that it is a file that you may read."));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            problems.Add(new($"{fileName}: it is not valid JSON: {e.Message} Download it again."));
        }

        return null;
    }

    /// <summary>Reads every text once, because an escaped lone surrogate is found only then.</summary>
    /// <exception cref="InvalidOperationException">A text holds one.</exception>
    private static void ReadTexts(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                _ = json.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in json.EnumerateArray())
                    ReadTexts(item);
                break;
            case JsonValueKind.Object:
                foreach (var property in json.EnumerateObject())
                {
                    _ = property.Name;
                    ReadTexts(property.Value);
                }

                break;
        }
    }
}
