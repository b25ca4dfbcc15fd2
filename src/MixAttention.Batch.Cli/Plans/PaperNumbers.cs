namespace MixAttention.Batch.Cli.Plans;

/// <summary>Numbers of MixAttention, Rajput et al., PMLR 262, 2024: the shape of its models and the most tokens that its engine held.</summary>
internal static class PaperNumbers
{
    /// <summary>Layers of the paper's models.</summary>
    public const int Layers = 24;

    /// <summary>KV heads of the paper's models.</summary>
    public const int KvHeads = 3;

    /// <summary>Head size of the paper's models.</summary>
    public const int HeadDim = 128;

    /// <summary>Window of the paper's text, in visible keys.</summary>
    public const int Window = 1024;

    /// <summary>Tokens of its speed test: 31,000 of prompt and 1,000 of answer.</summary>
    public const int Length = 32_000;

    /// <summary>Memory for keys and values: 1.544 million tokens of the standard model.</summary>
    public const long MemoryBytes = 56_900_000_000;

    private static readonly Dictionary<string, long> MaxTokens = new(StringComparer.OrdinalIgnoreCase)
    {
        // Figure 1 gives numbers; those with two digits after the point are read off figure 8.
        ["Standard"] = 1_544_000,
        ["SWA"] = 1_550_000,
        ["MA"] = 4_120_000,
        ["MA-Offset"] = 4_120_000,
        ["MA-Pairs"] = 3_709_000,
        ["MA-Offset-SlideShare"] = 7_430_000,
        ["MA-Pairs-SlideShare"] = 6_190_000,
        ["MA-Successive-1"] = 3_710_000,
        ["MA-NoShare-1"] = 3_370_000,
    };

    /// <summary>Finds the published maximum of tokens; null where the paper has none.</summary>
    public static long? PublishedMaxTokens(string preset) => MaxTokens.TryGetValue(preset, out long tokens) ? tokens : null;
}
