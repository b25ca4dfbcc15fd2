namespace MixAttention.Engine.Scheduling;

/// <summary>Tells where a prompt is cut into chunks: every so many tokens from its start to its fork, and again from the fork.</summary>
/// <remarks>Cuts depend on the prompt alone, never on batch mates or on whether anything is shared, because a cut may change bits.</remarks>
internal static class PrefillCuts
{
    /// <summary>The fewest tokens before a fork that are worth sharing.</summary>
    public const int MinPrefixTokens = 16;

    /// <summary>Finds the end of the chunk that starts at a cut.</summary>
    public static int NextCut(int position, int forkPosition, int promptLength, int chunkTokens)
    {
        int end = position < forkPosition ? forkPosition : promptLength;
        return Math.Min(end, position + chunkTokens);
    }
}
