namespace MixAttention.Model.Checkpoints;

/// <summary>Describes a random model: its layout and its sizes.</summary>
public sealed record RandomCheckpointOptions
{
    /// <summary>Gets the layout's name, see <see cref="Layouts.LayoutPresets.Names"/>. Default: MA-Offset.</summary>
    public string Preset { get; init; } = "MA-Offset";

    /// <summary>Gets the number of layers. Default: 24.</summary>
    public int Layers { get; init; } = 24;

    /// <summary>Gets the width of the residual stream. Default: 512.</summary>
    public int Width { get; init; } = 512;

    /// <summary>Gets the number of query heads; null: width / head size.</summary>
    public int? Heads { get; init; }

    /// <summary>Gets the head size; null: width / heads, or 64 when neither is given.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Gets the number of KV heads; null: a quarter of the query heads where that is a whole number, else as many as query heads.</summary>
    public int? KvHeads { get; init; }

    /// <summary>Gets the inner width of the feed-forward networks; null: 8/3 of the width, rounded up to a multiple of 64.</summary>
    public int? FfnSize { get; init; }

    /// <summary>Gets the vocabulary size. Default: 32,000.</summary>
    public int Vocabulary { get; init; } = 32_000;

    /// <summary>Gets the keys that a sliding layer sees, itself included. Default: 1024.</summary>
    public int Window { get; init; } = 1024;

    /// <summary>Gets the longest sequence in tokens. Default: 32,768.</summary>
    public int MaxLength { get; init; } = 32_768;

    /// <summary>Gets the seed. Default: 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Gets the format of the weights: BF16 or F32. Default: BF16.</summary>
    public StoredType Type { get; init; } = StoredType.BF16;
}
