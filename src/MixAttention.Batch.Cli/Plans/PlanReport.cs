using MixAttention.Engine.KvCache;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Cli.Plans;

/// <summary>What a model's keys and values cost, and how many sequences a memory holds.</summary>
/// <param name="Name">The model's or the layout's name.</param>
/// <param name="Layers">Every layer, in order.</param>
/// <param name="FullOwners">Layers that own keys and values of all tokens.</param>
/// <param name="WindowOwners">Layers that own keys and values of their window.</param>
/// <param name="BytesPerElement">2 for bfloat16, 4 for float32.</param>
/// <param name="BytesPerToken">What one more token costs in the full owners.</param>
/// <param name="RingBytes">What the windows of one sequence cost, whatever its length.</param>
/// <param name="Length">Tokens of a sequence, prompt and answer together.</param>
/// <param name="MemoryBytes">Memory for keys and values.</param>
/// <param name="Layout">As this program keeps them.</param>
/// <param name="SharingOnly">With the layout's sharing, but nothing dropped outside windows.</param>
/// <param name="Standard">With every layer keeping everything.</param>
/// <param name="PublishedMaxTokens">The most tokens that the paper's engine, which dropped nothing, held in 56.9 GB; null where the paper has no number.</param>
internal sealed record PlanReport(
    string Name, IReadOnlyList<PlanLayer> Layers, IReadOnlyList<int> FullOwners, IReadOnlyList<int> WindowOwners, int BytesPerElement, long BytesPerToken, long RingBytes, int Length,
    long MemoryBytes, PlanFit Layout, PlanFit SharingOnly, PlanFit Standard, long? PublishedMaxTokens)
{
    /// <summary>Plans a layout.</summary>
    public static PlanReport Create(string name, KvGeometry geometry, long memoryBytes, int length, long? publishedMaxTokens = null)
    {
        var budget = new KvBudget(geometry, memoryBytes, length);
        var layout = geometry.Layout;
        return new PlanReport(
            name,
            [.. layout.Layers.Select((l, i) => new PlanLayer(i, l.IsFull ? "full" : "window", l.Window, l.KvOwner, geometry.Owners[geometry.OwnerIndex(i)].KvHeads, geometry.Owners[geometry.OwnerIndex(i)].HeadDim))],
            [.. layout.Owners.Where(i => layout[i].IsFull)],
            [.. layout.Owners.Where(i => !layout[i].IsFull)],
            geometry.BytesPerElement,
            geometry.BytesPerToken,
            geometry.RingBytes,
            length,
            memoryBytes,
            new PlanFit(budget.BytesPerSequence, budget.Sequences, budget.Sequences * length),
            new PlanFit(budget.SharedBytesPerSequence, budget.SharedSequences, TokensThatFit(budget.SharedBytesPerSequence)),
            new PlanFit(budget.StandardBytesPerSequence, budget.StandardSequences, TokensThatFit(budget.StandardBytesPerSequence)),
            publishedMaxTokens);

        // Without windows the cost grows with tokens alone, so that tokens can be counted without whole sequences, as the paper does.
        long TokensThatFit(long bytesPerSequence) => memoryBytes / (bytesPerSequence / length);
    }
}

/// <summary>One layer of a plan.</summary>
internal sealed record PlanLayer(int Layer, string Attention, int? Window, int KvOwner, int KvHeads, int HeadDim);

/// <summary>What one way of keeping keys and values comes to.</summary>
internal sealed record PlanFit(long BytesPerSequence, long Sequences, long MaxTokens);
