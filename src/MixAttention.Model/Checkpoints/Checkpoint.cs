using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using MixAttention.Model.Spec;

namespace MixAttention.Model.Checkpoints;

/// <summary>Opens a Hugging Face folder: its configuration and its weights, memory-mapped from one or several safetensors files.</summary>
/// <remarks>Only safetensors are read; files that execute code when loaded (pickle) never are. Thread-safe until disposed.</remarks>
public sealed class Checkpoint : IDisposable
{
    private const string ConfigFile = "config.json";
    private const string SingleFile = "model.safetensors";

    private readonly JsonDocument _config;
    private readonly Dictionary<string, SafetensorsFile> _files;

    private Checkpoint(string folder, JsonDocument config, Dictionary<string, SafetensorsFile> files)
    {
        Folder = folder;
        _config = config;
        _files = files;
        Tensors = files.Values.SelectMany(f => f.Tensors).ToDictionary(t => t.Name, StringComparer.Ordinal);
    }

    /// <summary>Gets the folder.</summary>
    public string Folder { get; }

    /// <summary>Gets the contents of config.json; valid until disposed.</summary>
    public JsonElement Config => _config.RootElement;

    /// <summary>Gets all tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>Opens a checkpoint; the caller disposes it.</summary>
    /// <exception cref="CheckpointException">Files are missing, damaged or contradict each other; it lists all problems, each with its cure.</exception>
    public static Checkpoint Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder))
            throw new CheckpointException(folder, [new("There is no such folder. Give the folder of a Hugging Face checkpoint.")]);
        var problems = new List<CheckpointProblem>();
        var files = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        var config = CheckpointJson.Read(folder, ConfigFile, problems);
        try
        {
            OpenWeights(folder, files, problems);
            if (problems.Count > 0)
                throw new CheckpointException(folder, problems);
            return new Checkpoint(folder, config!, files); // a config that could not be read is among the problems
        }
        catch
        {
            config?.Dispose();
            foreach (var file in files.Values)
                file.Dispose();
            throw;
        }
    }

    /// <summary>Gets a tensor's first byte.</summary>
    /// <returns>A pointer to <see cref="TensorEntry.ByteCount"/> readable bytes; valid until this checkpoint is disposed.</returns>
    /// <exception cref="ObjectDisposedException">The checkpoint was disposed.</exception>
    [SuppressMessage("Naming", "CA1720", Justification = "It is a pointer.")]
    public unsafe byte* Pointer(TensorEntry tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return _files[tensor.File].Pointer(tensor);
    }

    /// <summary>Checks that the tensors are exactly those that a decoder needs.</summary>
    /// <exception cref="CheckpointException">Tensors are missing, misshapen, of an unusable type or not known to the decoder; it lists all of them.</exception>
    public void Verify(DecoderSpec spec)
    {
        var problems = WeightCheck.Compare(spec, Tensors);
        if (problems.Count > 0)
            throw new CheckpointException(Folder, problems);
    }

    /// <summary>Unmaps all files.</summary>
    public void Dispose()
    {
        _config.Dispose();
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private static void OpenWeights(string folder, Dictionary<string, SafetensorsFile> files, List<CheckpointProblem> problems)
    {
        if (File.Exists(Path.Combine(folder, SingleFile)))
        {
            if (SafetensorsFile.Open(folder, SingleFile, problems) is { } single)
                files.Add(SingleFile, single);
        }
        else if (File.Exists(Path.Combine(folder, ShardIndex.FileName)))
        {
            OpenShards(folder, files, problems);
        }
        else
        {
            problems.Add(new($"{SingleFile}: there is neither this file nor {ShardIndex.FileName}. {DescribeOtherWeights(folder)}"));
        }
    }

    private static void OpenShards(string folder, Dictionary<string, SafetensorsFile> files, List<CheckpointProblem> problems)
    {
        if (ShardIndex.Read(folder, problems) is not { } index)
            return;
        foreach (string name in index.Files)
        {
            if (!File.Exists(Path.Combine(folder, name)))
                problems.Add(new($"{name}: {ShardIndex.FileName} names this shard, but there is no such file. Download it into the folder."));
            else if (SafetensorsFile.Open(folder, name, problems) is { } shard)
                files.Add(name, shard);
        }

        index.Compare(files.ToDictionary(f => f.Key, f => f.Value.Tensors), problems);
    }

    private static string DescribeOtherWeights(string folder) =>
        Directory.EnumerateFiles(folder, "*.bin").FirstOrDefault() is { } pickle
            ? $"The folder has {Path.GetFileName(pickle)}, but pickled weights are never read: convert them to safetensors."
            : "Download the model's weights into the folder.";
}
