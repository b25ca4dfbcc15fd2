namespace MixAttention.Compute;

/// <summary>A range of product heights among which a row's bits do not change.</summary>
/// <param name="Min">Least rows of a product; fewer are padded with zeros.</param>
/// <param name="Max">Most rows of a product; more are cut.</param>
public readonly record struct HeightRange(int Min, int Max);

/// <summary>Says how the rows of a step are cut into products so that a row's bits do not depend on what stands beside it.</summary>
/// <param name="Tall">For rows of prompt segments longer than <see cref="ShortRows"/>.</param>
/// <param name="Short">For decode tokens and for prompt segments of at most <see cref="ShortRows"/> rows.</param>
/// <param name="IsAnyHeight">True when tall and short rows have the same bits too, so that one product serves both.</param>
public readonly record struct RowTiling(HeightRange Tall, HeightRange Short, bool IsAnyHeight)
{
    /// <summary>The most rows of one prompt segment that count as short. A constant: the class of a row depends on its own prompt alone.</summary>
    public const int ShortRows = 64;

    /// <summary>The most rows of one product; verified up to here.</summary>
    public const int MaxRows = 1024;

    /// <summary>Every height gives the same bits.</summary>
    public static RowTiling AnyHeight { get; } = new(new(1, MaxRows), new(1, MaxRows), true);

    /// <summary>Two fixed heights: 256 rows for long prompt segments, 16 for the rest.</summary>
    public static RowTiling Fixed { get; } = new(new(256, 256), new(16, 16), false);

    /// <inheritdoc />
    public override string ToString() => IsAnyHeight ? "any" : $"{Short.Min}-{Short.Max}/{Tall.Min}-{Tall.Max}";
}
