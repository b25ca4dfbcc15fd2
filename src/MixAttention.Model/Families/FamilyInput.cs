namespace MixAttention.Model.Families;

/// <summary>Holds what a family's reader gets.</summary>
/// <param name="Config">The decoder's configuration.</param>
/// <param name="Wrapper">The configuration around it when the checkpoint is a multimodal one; null otherwise.</param>
/// <param name="TensorNames">Names of all tensors of the checkpoint.</param>
internal sealed record FamilyInput(ConfigSection Config, ConfigSection? Wrapper, IReadOnlySet<string> TensorNames)
{
    /// <summary>Bounds the number of layers and of experts.</summary>
    internal const int MaxCount = 4096;

    /// <summary>Reads the ids that end a text; a wrapper's go first, because generation uses them.</summary>
    internal IReadOnlyList<int> ReadEndTokenIds() =>
        Wrapper is { } wrapper && wrapper.Has("eos_token_id") ? wrapper.IntOrInts("eos_token_id") : Config.IntOrInts("eos_token_id");

    /// <summary>Reads whether the output head is the embedding.</summary>
    internal bool ReadTied(bool byDefault) =>
        Config.Has("tie_word_embeddings") || Wrapper is null ? Config.Flag("tie_word_embeddings", byDefault) : Wrapper.Flag("tie_word_embeddings", byDefault);
}
