using MixAttention.Model.Checkpoints;

namespace MixAttention.Model.Tests.Decoding;

/// <summary>Writes random models that are small and yet have every layer of a layout.</summary>
internal static class SmallCheckpoint
{
    public const int Vocabulary = 96;

    public static void Write(string folder, string preset, int window, StoredType type, ulong seed) => RandomCheckpoint.Write(folder, new RandomCheckpointOptions
    {
        Preset = preset,
        Layers = 24,
        Width = 32,
        Heads = 4,
        KvHeads = 2,
        FfnSize = 48,
        Vocabulary = Vocabulary,
        Window = window,
        MaxLength = 256,
        Type = type,
        Seed = seed,
    });
}
