using MixAttention.Engine.KvCache;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Tests.KvCache;

public sealed class KvBudgetTests
{
    // MixAttention, Rajput et al., section 5.4: 24 layers, 3 KV heads of 128, bf16, window 1024; its pool of 1.544 M tokens of standard attention has 56.9 GB.
    [Theory]
    [InlineData("Standard", 48, 48)]
    [InlineData("SWA", 1507, 48)]
    [InlineData("MA-Offset", 921, 128)]
    [InlineData("MA-Pairs", 513, 115)]
    public void The_papers_pool_holds_many_more_sequences_with_sharing_and_eviction(string preset, int sequences, int shared)
    {
        var layout = LayoutPresets.Create(preset, layers: 24, window: 1024);

        var budget = new KvBudget(new KvGeometry(layout, kvHeads: 3, headDim: 128, bytesPerElement: 2), bytes: 56_900_000_000, tokens: 32_000);

        Assert.Equal((sequences, shared, 48), (budget.Sequences, budget.SharedSequences, budget.StandardSequences));
        Assert.Equal(1_179_648_000, budget.StandardBytesPerSequence);
    }

    [Fact]
    public void The_budget_explains_itself_in_one_sentence()
    {
        // One full owner of 2 rows elements (8 bytes a token), one window of 4 (32 bytes), two borrowers.
        var geometry = new KvGeometry(new AttentionLayout([new(null, 0), new(4, 1), new(null, 0), new(4, 1)]), kvHeads: 1, headDim: 2, bytesPerElement: 2);

        var budget = new KvBudget(geometry, bytes: 8320, tokens: 100);

        Assert.Equal(
            "8.32 kB hold 10 sequences of 100 tokens at 832 bytes each (8 bytes per token and 32 bytes of rings); " +
            "standard attention would hold 2 at 3.20 kB, sharing without eviction 5 at 1.60 kB.",
            budget.ToString());
    }

    [Theory]
    [InlineData(831, 0)]
    [InlineData(832, 1)]
    [InlineData(1663, 1)]
    [InlineData(1664, 2)]
    public void A_sequence_counts_when_all_its_bytes_are_there(long bytes, long sequences)
    {
        var geometry = new KvGeometry(new AttentionLayout([new(null, 0), new(4, 1)]), kvHeads: 1, headDim: 2, bytesPerElement: 2);

        Assert.Equal(sequences, new KvBudget(geometry, bytes, tokens: 100).Sequences);
    }
}
