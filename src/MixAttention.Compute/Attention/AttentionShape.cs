namespace MixAttention.Compute.Attention;

/// <summary>What an attention call needs to know of its layer.</summary>
/// <param name="QueryHeads">H.</param>
/// <param name="KvHeads">G; H is a multiple of it, and query head h reads KV head h / (H / G).</param>
/// <param name="HeadDim">D.</param>
/// <param name="Scale">Factor on the scores.</param>
/// <param name="Softcap">Bound of scaled scores, cap · tanh(s / cap); null for none.</param>
/// <param name="Window">Visible keys including the query's own position; null for all.</param>
public readonly record struct AttentionShape(int QueryHeads, int KvHeads, int HeadDim, double Scale, double? Softcap, int? Window)
{
    /// <summary>Gets the query heads that read one KV head.</summary>
    public int QueriesPerKv => QueryHeads / KvHeads;
}
