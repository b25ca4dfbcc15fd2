using CsCheck;
using MixAttention.Engine.Sampling;

namespace MixAttention.Engine.Tests.Sampling;

public sealed class TopCandidatesTests
{
    private static readonly Gen<(float[] Scores, int Count)> Choices =
        from scores in Gen.Int[-30, 30].Select(i => i / 4f).Array[1, 500]
        from count in Gen.Int[1, scores.Length]
        select (scores, count);

    [Fact]
    public void The_best_are_those_that_a_sort_puts_first() => Choices.Sample((scores, count) =>
        Assert.Equal(Sorted(scores).Take(count).Order(), TopCandidates.Select(scores, AllIds(scores), count).ToArray().Order()));

    [Fact]
    public void A_weight_is_reached_with_as_few_as_a_sort_shows() => Choices.Sample((scores, target) =>
    {
        float[] weights = [.. scores.Select(s => s + 8)];
        double reached = 0;
        var expected = Sorted(scores).TakeWhile(id =>
        {
            bool isWanted = reached < target;
            reached += weights[id];
            return isWanted;
        });

        Assert.Equal(expected.Order(), TopCandidates.SelectUntil(scores, weights, AllIds(scores), target).ToArray().Order());
    });

    [Fact]
    public void A_weight_that_is_never_reached_takes_all() => Assert.Equal(3, TopCandidates.SelectUntil([1, 3, 2], [1, 1, 1], [0, 1, 2], 4).Length);

    [Fact]
    public void The_bound_keeps_as_many_as_are_wanted() => Choices.Sample((scores, count) =>
    {
        float bound = TopCandidates.LowerBound(scores, count);

        var gathered = TopCandidates.Gather(scores, bound, new int[scores.Length]).ToArray();

        Assert.Equal(Enumerable.Range(0, scores.Length).Where(id => scores[id] >= bound), gathered);
        Assert.True(gathered.Length >= count);
    });

    [Fact]
    public void The_bound_of_a_few_leaves_few_of_many()
    {
        var random = new Random(5);
        float[] scores = [.. Enumerable.Range(0, 100_000).Select(_ => (float)random.NextDouble())];

        int gathered = TopCandidates.Gather(scores, TopCandidates.LowerBound(scores, 50), new int[scores.Length]).Length;

        Assert.InRange(gathered, 50, 1000);
    }

    private static IEnumerable<int> Sorted(float[] scores) => Enumerable.Range(0, scores.Length).OrderByDescending(id => scores[id]).ThenBy(id => id);

    private static int[] AllIds(float[] scores) => [.. Enumerable.Range(0, scores.Length)];
}
