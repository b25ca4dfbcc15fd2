namespace MixAttention.Model.Families;

/// <summary>Holds the sizes that every Hugging Face decoder's configuration has.</summary>
internal sealed record HfShape
{
    public required int Width { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    public required int KvHeads { get; init; }

    public required int HeadDim { get; init; }

    public required int InnerWidth { get; init; }

    public required int Vocabulary { get; init; }

    public required int MaxLength { get; init; }

    public required double Epsilon { get; init; }

    /// <summary>Reads the sizes.</summary>
    /// <param name="config">The decoder's configuration.</param>
    /// <param name="defaults">The family's defaults; 0 stands for a size that must be given, or for one that follows from the others (KV heads, head size).</param>
    internal static HfShape Read(ConfigSection config, HfShape defaults)
    {
        int width = config.Int("hidden_size", Given(defaults.Width));
        int heads = config.Int("num_attention_heads", Given(defaults.Heads), max: FamilyInput.MaxCount);
        int kvHeads = config.Int("num_key_value_heads", Given(defaults.KvHeads) ?? heads, max: FamilyInput.MaxCount);
        if (heads > 0 && kvHeads > 0 && heads % kvHeads != 0)
            config.Report("num_key_value_heads", $"is {kvHeads}, but must divide num_attention_heads, {heads}. Correct one of the two.");
        int? headDim = config.OptionalInt("head_dim", max: 1 << 16) ?? Given(defaults.HeadDim);
        if (headDim is null && heads > 0 && width % heads != 0)
            config.Report("hidden_size", $"is {width}, but must be a multiple of num_attention_heads, {heads}, or head_dim must be given. Add head_dim.");
        headDim ??= heads > 0 ? width / heads : 0;
        if (headDim % 2 != 0)
            config.Report("head_dim", $"is {headDim}, but must be even, because halves of it rotate against each other. Correct it.");
        return new HfShape
        {
            Width = width,
            Layers = config.Int("num_hidden_layers", Given(defaults.Layers), max: FamilyInput.MaxCount),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim.Value,
            InnerWidth = config.Int("intermediate_size", Given(defaults.InnerWidth)),
            Vocabulary = config.Int("vocab_size", Given(defaults.Vocabulary)),
            MaxLength = config.Int("max_position_embeddings", Given(defaults.MaxLength), max: int.MaxValue),
            Epsilon = config.Positive("rms_norm_eps", defaults.Epsilon),
        };
    }

    /// <summary>Gets defaults that demand every size but those that follow from others.</summary>
    internal static HfShape Required(int maxLength) => new()
    {
        Width = 0,
        Layers = 0,
        Heads = 0,
        KvHeads = 0,
        HeadDim = 0,
        InnerWidth = 0,
        Vocabulary = 0,
        MaxLength = maxLength,
        Epsilon = 1e-6,
    };

    private static int? Given(int size) => size > 0 ? size : null;
}
