using System.Text.Json;

namespace MixAttention.Model.Checkpoints;

/// <summary>Reads <c>model.safetensors.index.json</c>: which file holds which tensor.</summary>
internal sealed class ShardIndex
{
    internal const string FileName = "model.safetensors.index.json";

    private readonly Dictionary<string, string> _fileOfTensor;

    private ShardIndex(Dictionary<string, string> fileOfTensor) => _fileOfTensor = fileOfTensor;

    /// <summary>Gets the names of the shards, sorted.</summary>
    internal IEnumerable<string> Files => _fileOfTensor.Values.Distinct().Order(StringComparer.Ordinal);

    /// <summary>Reads the index of a folder; null when it cannot be used.</summary>
    internal static ShardIndex? Read(string folder, List<CheckpointProblem> problems)
    {
        using var json = CheckpointJson.Read(folder, FileName, problems);
        if (json is null)
            return null;
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new($"{FileName}: it has no object weight_map that names the file of each tensor. Download it again."));
            return null;
        }

        return new ShardIndex(ReadMap(map, problems));
    }

    /// <summary>Compares the index with what the shards hold.</summary>
    /// <param name="found">The tensors of each shard that could be read.</param>
    internal void Compare(IReadOnlyDictionary<string, IReadOnlyList<TensorEntry>> found, List<CheckpointProblem> problems)
    {
        foreach (var tensor in found.Values.SelectMany(tensors => tensors))
        {
            if (!_fileOfTensor.TryGetValue(tensor.Name, out string? file))
                problems.Add(new($"{tensor.File}: it holds tensor {tensor.Name}, which {FileName} does not name. Add it to the index or remove it from the shard."));
            else if (file != tensor.File)
                problems.Add(new($"{tensor.File}: it holds tensor {tensor.Name}, which {FileName} places in {file}. Correct the index or the shard."));
        }

        var names = found.ToDictionary(f => f.Key, f => f.Value.Select(t => t.Name).ToHashSet(StringComparer.Ordinal));
        foreach (var (name, file) in _fileOfTensor)
        {
            if (names.TryGetValue(file, out var held) && !held.Contains(name))
                problems.Add(new($"{file}: {FileName} places tensor {name} in it, but it is not there. Download the shard again or correct the index."));
        }
    }

    private static Dictionary<string, string> ReadMap(JsonElement map, List<CheckpointProblem> problems)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
        {
            string? file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;
            // A shard lies beside its index: a path would let a hostile index reach any file.
            if (string.IsNullOrEmpty(file) || file != Path.GetFileName(file) || !file.EndsWith(".safetensors", StringComparison.Ordinal))
                problems.Add(new($"{FileName}: weight_map names {entry.Value.GetRawText()} as the file of {entry.Name}; only the name of a .safetensors file in the same folder is allowed. Correct the index."));
            else if (!files.TryAdd(entry.Name, file))
                problems.Add(new($"{FileName}: weight_map names {entry.Name} twice. Remove one of the two."));
        }

        return files;
    }
}
