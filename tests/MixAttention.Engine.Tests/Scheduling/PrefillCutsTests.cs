using CsCheck;
using MixAttention.Engine.Scheduling;

namespace MixAttention.Engine.Tests.Scheduling;

public sealed class PrefillCutsTests
{
    [Theory]
    [InlineData(20, 0, "8 16 20")]
    [InlineData(16, 0, "8 16")]
    [InlineData(7, 0, "7")]
    [InlineData(20, 11, "8 11 19 20")]
    [InlineData(20, 8, "8 16 20")]
    [InlineData(20, 20, "8 16 20")]
    [InlineData(20, 1, "1 9 17 20")]
    public void A_prompt_is_cut_every_chunk_from_its_start_and_again_from_its_fork(int promptLength, int fork, string cuts) =>
        Assert.Equal(cuts, string.Join(' ', Cuts(promptLength, fork, chunkTokens: 8)));

    // What two prompts share is cut alike, so its keys and values have the same bits.
    [Fact]
    public void Cuts_up_to_the_fork_do_not_depend_on_what_follows() =>
        Gen.Select(Gen.Int[1, 50], Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 20]).Sample((fork, rest, otherRest, chunk) =>
            Assert.Equal(Cuts(fork + rest, fork, chunk).Where(c => c <= fork), Cuts(fork + otherRest, fork, chunk).Where(c => c <= fork)));

    private static List<int> Cuts(int promptLength, int fork, int chunkTokens)
    {
        List<int> cuts = [];
        for (int position = 0; position < promptLength;)
            cuts.Add(position = PrefillCuts.NextCut(position, fork, promptLength, chunkTokens));
        return cuts;
    }
}
