namespace MixAttention.Batch.Cli.Benchmarking;

/// <summary>Makes prompts that other engines' benchmarks can make too: a linear congruential generator over the ids from 3 on (0 to 2 are unknown, begin and end there).</summary>
internal static class SyntheticPrompt
{
    private const int FirstId = 3;

    /// <summary>Makes the prompt of a request.</summary>
    public static int[] Create(ulong seed, int request, int vocabularySize, int length)
    {
        ulong state = unchecked(seed + (0x9E3779B97F4A7C15 * ((ulong)request + 1)));
        var ids = new int[length];
        for (int i = 0; i < length; i++)
        {
            state = unchecked((state * 6364136223846793005) + 1442695040888963407);
            ids[i] = FirstId + (int)((state >> 33) % (ulong)(vocabularySize - FirstId));
        }

        return ids;
    }
}
