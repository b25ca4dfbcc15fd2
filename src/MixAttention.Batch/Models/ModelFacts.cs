using MixAttention.Engine;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Families;
using MixAttention.Model.Spec;

namespace MixAttention.Batch.Models;

/// <summary>What a model folder holds, read from its configuration and the headers of its weights; no weight is loaded.</summary>
public sealed record ModelFacts
{
    /// <summary>Gets the folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Gets the decoder.</summary>
    public required DecoderSpec Spec { get; init; }

    /// <summary>Gets the number of weights.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Gets the bytes of the weights by number format, the largest share first.</summary>
    public required IReadOnlyList<(StoredType Type, long Bytes)> WeightTypes { get; init; }

    /// <summary>Gets the files that hold the weights, in ordinal order.</summary>
    public required IReadOnlyList<string> WeightFiles { get; init; }

    /// <summary>Gets the bytes of all weights as stored.</summary>
    public long WeightBytes => WeightTypes.Sum(t => t.Bytes);

    /// <summary>Gets the bytes of a stored key or value when the operator asks for no precision: as the embedding is stored if that is bfloat16, else float32.</summary>
    public required int KvBytesPerElement { get; init; }

    /// <summary>Gets the model's name: its folder's.</summary>
    public string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder)));

    /// <summary>Estimates what a step takes besides weights, keys and values: activations of its widest layers and one row of logits per sequence.</summary>
    public long EstimateScratchBytes(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        const long runtime = 256L << 20; // libtorch itself, its threads and its oneDNN buffers
        const long widthsPerToken = 64;  // residual stream, projections, feed-forward and attention scratch, in float32, with room to spare
        return runtime + (4L * widthsPerToken * options.MaxTokensPerStep * Spec.Width) + (4L * options.MaxSequences * Spec.VocabularySize);
    }

    /// <summary>Reads a folder and checks that it holds exactly the weights that its decoder needs.</summary>
    /// <exception cref="BatchException">There is no such folder.</exception>
    /// <exception cref="CheckpointException">Files are missing or damaged.</exception>
    /// <exception cref="ConfigException">The configuration is wrong or not supported.</exception>
    public static ModelFacts Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw BatchException.Usage($"There is no model folder {folder}. Give --model a folder with config.json, *.safetensors and tokenizer.json.");
        using var checkpoint = Checkpoint.Open(folder);
        var spec = DecoderSpecReader.Read(checkpoint.Config, [.. checkpoint.Tensors.Keys]);
        checkpoint.Verify(spec);
        var tensors = checkpoint.Tensors.Values;
        return new ModelFacts
        {
            Folder = folder,
            Spec = spec,
            KvBytesPerElement = checkpoint.Tensors[spec.Embedding.Name].Type == StoredType.BF16 ? 2 : 4,
            ParameterCount = tensors.Sum(t => t.ElementCount),
            WeightTypes = [.. tensors.GroupBy(t => t.Type).Select(g => (g.Key, g.Sum(t => t.ByteCount))).OrderByDescending(t => t.Item2)],
            WeightFiles = [.. tensors.Select(t => t.File).Distinct().Order(StringComparer.Ordinal)],
        };
    }
}
