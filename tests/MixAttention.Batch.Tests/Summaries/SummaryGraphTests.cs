using CsCheck;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Summaries;

namespace MixAttention.Batch.Tests.Summaries;

public sealed class SummaryGraphTests
{
    private static readonly Gen<(int Chunks, int FanIn, int Seed)> Graphs = Gen.Select(Gen.Int[1, 300], Gen.Int[2, 12], Gen.Int);

    [Fact]
    public void Every_chunk_is_read_once_and_in_order_whatever_order_answers_come_in() => Graphs.Sample(g =>
    {
        var graph = new SummaryGraph(g.Chunks, g.FanIn, 100);
        Run(graph, new Random(g.Seed));
        Assert.Equal(string.Concat(Enumerable.Range(0, g.Chunks).Select(i => $"{i},")), graph.Text);
    });

    [Fact]
    public void Calls_are_the_same_in_every_run() => Graphs.Sample(g =>
    {
        var first = Run(new SummaryGraph(g.Chunks, g.FanIn, 100), new Random(g.Seed));
        var second = Run(new SummaryGraph(g.Chunks, g.FanIn, 100), new Random(g.Seed + 1));
        Assert.Equal(first.OrderBy(c => c.Id, StringComparer.Ordinal).Select(c => $"{c.Id} {string.Join('|', c.Inputs)}"), second.OrderBy(c => c.Id, StringComparer.Ordinal).Select(c => $"{c.Id} {string.Join('|', c.Inputs)}"));
    });

    [Fact]
    public void Tree_is_no_deeper_than_its_fan_in_asks_for() => Graphs.Sample(g =>
    {
        var graph = new SummaryGraph(g.Chunks, g.FanIn, 100);
        var reduces = Run(graph, new Random(g.Seed)).Where(c => c.Level > 0).ToList();
        int depth = 0;
        for (long reach = 1; reach < g.Chunks; reach *= g.FanIn)
            depth++;
        Assert.Equal(depth, graph.Depth);
        Assert.All(reduces, c => Assert.InRange(c.Inputs.Count, 2, g.FanIn));
        Assert.All(reduces, c => Assert.InRange(c.Level, 1, depth));
    });

    [Fact]
    public void Reduce_is_ready_as_soon_as_its_inputs_are_there()
    {
        var graph = new SummaryGraph(9, 3, 100);
        for (int i = 0; i < 4; i++)
            Assert.Equal($"map-0000{i}", graph.Next()!.Id);
        graph.Accept("map-00002", "c", "stop", 1);
        graph.Accept("map-00000", "a", "stop", 1);
        Assert.Equal("map-00004", graph.Next()!.Id);
        graph.Accept("map-00001", "b", "stop", 1);
        var reduce = graph.Next()!;
        Assert.Equal(("reduce-1-00000", 1, 0), (reduce.Id, reduce.Level, reduce.Index));
        Assert.Equal(["a", "b", "c"], reduce.Inputs);
    }

    [Fact]
    public void One_chunk_needs_one_call()
    {
        var graph = new SummaryGraph(1, 0, 100);
        Assert.Equal("map-00000", graph.Next()!.Id);
        Assert.Null(graph.Next());
        graph.Accept("map-00000", "all", "length", 100);
        Assert.Equal("all", graph.Text);
        Assert.False(graph.IsTruncated); // Its own finish_reason says so.
    }

    [Fact]
    public void Answers_of_a_checkpoint_are_not_asked_for_again()
    {
        var graph = new SummaryGraph(4, 2, 100);
        for (int i = 0; i < 4; i++)
            graph.Accept($"map-0000{i}", $"{i}", "stop", 1);
        graph.Accept("reduce-1-00001", "2 and 3", "stop", 2);
        Assert.Equal("reduce-1-00000", graph.Next()!.Id);
        Assert.Null(graph.Next());
    }

    [Fact]
    public void Answer_that_nobody_waits_for_is_refused()
    {
        var graph = new SummaryGraph(4, 2, 100);
        Assert.Throws<ArgumentException>(() => graph.Accept("reduce-1-00000", "early", "stop", 1));
        graph.Accept("map-00000", "once", "stop", 1);
        Assert.Throws<ArgumentException>(() => graph.Accept("map-00000", "twice", "stop", 1));
        Assert.Throws<ArgumentException>(() => graph.Accept("map-00004", "more", "stop", 1));
    }

    [Fact]
    public void Fault_37_partial_summary_cut_by_its_limit_marks_the_result()
    {
        var graph = new SummaryGraph(2, 2, 100);
        graph.Accept("map-00000", "a", "length", 100);
        graph.Accept("map-00001", "b", "stop", 1);
        graph.Accept("reduce-1-00000", "ab", "stop", 1);
        Assert.True(graph.IsTruncated);
        Assert.Null(graph.Error);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Fault_37_summaries_that_cannot_be_joined_do_not_converge(int fanIn)
    {
        var graph = new SummaryGraph(5, fanIn, 100);
        Assert.Equal("reduce_not_converging", graph.Error!.Code);
        Assert.Null(graph.Next());
    }

    [Fact]
    public void Fault_37_answer_longer_than_its_place_does_not_converge()
    {
        var graph = new SummaryGraph(4, 2, 100);
        graph.Accept("map-00000", "a", "stop", 101);
        Assert.Equal("reduce_not_converging", graph.Error!.Code);
        Assert.Null(graph.Next());
        Assert.Null(graph.Text);
    }

    [Fact]
    public void Fault_37_empty_summary_is_an_error()
    {
        var graph = new SummaryGraph(2, 2, 100);
        graph.Accept("map-00000", "", "stop", 0);
        graph.Accept("map-00001", "b", "stop", 1);
        Assert.Null(graph.Error);
        graph.Accept("reduce-1-00000", " \n", "stop", 1);
        Assert.Equal("empty_output", graph.Error!.Code);
        Assert.Null(graph.Text);
    }

    [Theory]
    [InlineData(1000, 100, 50, 850, 8)]
    [InlineData(300, 100, 50, 150, 1)]
    [InlineData(100, 100, 50, -50, 0)]
    public void Budget_divides_the_context(int context, int output, int template, int room, int fanIn)
    {
        var budget = new SummaryBudget(context, output, template);
        Assert.Equal((room, fanIn), (budget.Room, budget.FanIn));
    }

    [Fact]
    public void Result_tells_what_was_read()
    {
        var graph = new SummaryGraph(3, 2, 100);
        Run(graph, new Random(1));
        var whole = SummaryResult.Of(graph, [new Chunk(0, 10), new Chunk(8, 20), new Chunk(20, 30)], 30);
        Assert.Equal(("map_reduce", 3, 2, 1.0, false), (whole.Strategy, whole.Chunks, whole.Depth, whole.Coverage, whole.Truncated));
        Assert.Equal([[0, 30]], whole.Spans);
        var part = SummaryResult.Of(graph, [new Chunk(0, 10), new Chunk(20, 30)], 40);
        Assert.Equal(0.5, part.Coverage);
        Assert.Equal([[0, 10], [20, 30]], part.Spans);
    }

    /// <summary>Answers calls in a random order; a map with its number, a reduce with its inputs put together.</summary>
    private static List<SummaryCall> Run(SummaryGraph graph, Random random)
    {
        var calls = new List<SummaryCall>();
        var asked = new List<SummaryCall>();
        while (graph.Text is null)
        {
            while (graph.Next() is { } call)
                asked.Add(call);
            int next = random.Next(asked.Count);
            calls.Add(asked[next]);
            graph.Accept(asked[next].Id, asked[next].Level == 0 ? $"{asked[next].Index}," : string.Concat(asked[next].Inputs), "stop", 1);
            asked.RemoveAt(next);
        }

        return calls;
    }
}
