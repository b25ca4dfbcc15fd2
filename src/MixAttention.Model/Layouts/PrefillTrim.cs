namespace MixAttention.Model.Layouts;

/// <summary>Tells, per layer, from which prompt position on queries run and from which keys and values are written, so that only work that can still reach the last token or a cache is done.</summary>
/// <remarks>
/// Exact: the last position's output and every row that a later token can see are those of an untrimmed prefill. The walk goes down the layers with n = positions whose
/// output is needed (1 at the top): queries = n; keys read = full ? T : min(T, n + window − 1), asked of the owner; an owner raises n to what its readers ask.
/// Starts never come earlier when a prompt grows. So tokens that several prompts share are run with the starts of the shortest prompt that goes on behind them, one token longer: then all
/// that a longer one reads is there too.
/// Conditions: no prompt log-probabilities are wanted, experts drop no token.
/// </remarks>
public sealed class PrefillTrim
{
    private readonly int[] _queryStart;
    private readonly int[] _kvStart;

    private PrefillTrim(int promptLength, int[] queryStart, int[] kvStart)
    {
        PromptLength = promptLength;
        _queryStart = queryStart;
        _kvStart = kvStart;
    }

    /// <summary>Gets the prompt's length in tokens.</summary>
    public int PromptLength { get; }

    /// <summary>Gets the first position whose query, attention and feed-forward run in the layer.</summary>
    public int QueryStart(int layer) => _queryStart[layer];

    /// <summary>Gets the first position whose keys and values the layer writes; the prompt's length in borrowers.</summary>
    public int KvStart(int layer) => _kvStart[layer];

    /// <summary>Counts the rows (positions in layers) from one position to another that do not run.</summary>
    public long SkippedRows(int start, int end) => _queryStart.Sum(first => (long)Math.Clamp(first, start, end) - start);

    /// <summary>Computes the starts for a prompt.</summary>
    public static PrefillTrim Create(AttentionLayout layout, int promptLength)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentOutOfRangeException.ThrowIfLessThan(promptLength, 1);
        int layers = layout.LayerCount;
        var queryStart = new int[layers];
        var kvStart = new int[layers];
        var asked = new int[layers];
        int needed = 1;
        for (int layer = layers - 1; layer >= 0; layer--)
        {
            var (window, owner) = layout[layer];
            queryStart[layer] = promptLength - needed;
            int keys = window is { } w ? (int)Math.Min(promptLength, (long)needed + w - 1) : promptLength;
            asked[owner] = Math.Max(asked[owner], keys);
            if (owner == layer)
            {
                kvStart[layer] = promptLength - asked[layer];
                needed = Math.Min(promptLength, Math.Max(needed, asked[layer]));
            }
            else
            {
                kvStart[layer] = promptLength;
            }
        }

        return new PrefillTrim(promptLength, queryStart, kvStart);
    }

    /// <summary>Creates the starts that skip nothing.</summary>
    public static PrefillTrim None(AttentionLayout layout, int promptLength)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var kvStart = Enumerable.Range(0, layout.LayerCount).Select(l => layout.OwnsKv(l) ? 0 : promptLength).ToArray();
        return new PrefillTrim(promptLength, new int[layout.LayerCount], kvStart);
    }
}
