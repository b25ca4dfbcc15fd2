using CsCheck;
using MixAttention.Engine.Sampling;
using MixAttention.Engine.Scheduling;
using MixAttention.Model.Layouts;
using static MixAttention.Engine.Tests.EngineFixture;

namespace MixAttention.Engine.Tests.Scheduling;

public sealed class SchedulerTests
{
    [Fact]
    public void The_longest_request_runs_first_and_among_equals_the_one_submitted_first()
    {
        var scheduler = Scheduler(capacityInTokens: [60], maxSequences: 1);
        AddTotals(scheduler, [10, 30, 20, 30]);

        Assert.Equal([1, 3, 2, 0], RunToEnd(scheduler));
    }

    [Fact]
    public void The_largest_request_that_fits_runs_beside_one_that_fills_most()
    {
        var scheduler = Scheduler(capacityInTokens: [50, 20]);
        AddTotals(scheduler, [50, 40, 30, 20, 10]);

        var step = scheduler.Schedule();

        Assert.Equal([0, 3], step!.Prefilled.Select(t => t.Sequence.Id));
        Assert.Equal(3, scheduler.WaitingCount);
    }

    [Fact]
    public void Shorter_requests_do_not_wait_behind_one_that_does_not_fit()
    {
        var scheduler = Scheduler(capacityInTokens: [40, 15]);
        AddTotals(scheduler, [40]);
        scheduler.Complete(scheduler.Schedule()!, new StepOutput([]));
        AddTotals(scheduler, [41, 15], firstId: 1);

        scheduler.Schedule();

        Assert.Equal(2, scheduler.RunningCount);
        Assert.Equal(1, scheduler.WaitingCount);
    }

    // Another engine's admission charged more than a request needs and let it wait for ever.
    [Fact]
    public void Every_request_whose_bytes_are_there_is_admitted_to_an_empty_arena() =>
        Gen.Int[2, 300].Sample(tokens =>
        {
            var scheduler = Scheduler(capacityInTokens: [tokens]);
            AddTotals(scheduler, [tokens]);

            Assert.NotNull(scheduler.Schedule());
            Assert.Throws<ArgumentException>(() => AddTotals(scheduler, [tokens + 1], firstId: 1));
        });

    // Σ full owners 2·G·D·b·(prompt + max_new) + Σ window owners 2·G·D·b·window, for the layout's owners as the layout names them.
    [Theory]
    [MemberData(nameof(Presets))]
    public void Reserved_bytes_equal_the_formula_for_every_layout(string preset)
    {
        const int Window = 1025, KvHeads = 3, HeadDim = 128, BytesPerElement = 2;
        var layout = LayoutPresets.Create(preset, 24, Window);
        int[] totals = [1, 2, 1024, 1025, 1026, 32_000];
        var scheduler = new Scheduler(new KvGeometry(layout, KvHeads, HeadDim, BytesPerElement), arenaElements: 10_000_000_000, new EngineOptions());
        AddTotals(scheduler, [.. totals.Select(t => t + 1)]);

        scheduler.Schedule();

        long rows = totals.Sum(t => layout.Owners.Sum(l => (long)(layout[l].Window ?? (t + 1))));
        Assert.Equal(2L * KvHeads * HeadDim * BytesPerElement * rows, scheduler.KvElementsUsed * BytesPerElement);
        scheduler.CheckIntegrity();
    }

    public static TheoryData<string> Presets => [.. LayoutPresets.Names];

    [Fact]
    public void No_more_sequences_run_than_the_operator_allows()
    {
        var scheduler = Scheduler(capacityInTokens: [20, 20, 20, 20], maxSequences: 3);
        AddTotals(scheduler, [20, 20, 20, 20]);

        scheduler.Schedule();

        Assert.Equal(3, scheduler.RunningCount);
    }

    [Fact]
    public void A_step_runs_all_decode_tokens_and_chunks_up_to_the_budget()
    {
        // Chunks of 8, 24 tokens a step: two decode tokens leave room for two chunks and not for a third, but for a short last one.
        var scheduler = Scheduler(capacityInTokens: [5, 5, 60, 60, 60, 10]);
        AddPrompts(scheduler, [3, 3]);
        scheduler.Complete(scheduler.Schedule()!, new StepOutput([new(0, 5), new(1, 5)]));
        AddPrompts(scheduler, [50, 50, 50, 6], firstId: 2);

        var plan = scheduler.Schedule()!.Plan;

        Assert.Equal([0, 1], plan.Decode.Select(d => d.SequenceId));
        Assert.Equal([(2, 8), (3, 8), (5, 6)], plan.Prefill.Select(c => (c.SequenceId, c.TokenIds.Length)));
    }

    [Fact]
    public void A_chunk_runs_even_when_decode_tokens_fill_the_step()
    {
        var scheduler = Scheduler(capacityInTokens: [6, 6, 60], options: new() { ChunkTokens = 8, MaxTokensPerStep = 2 });
        AddPrompts(scheduler, [3, 3]);
        scheduler.Complete(scheduler.Schedule()!, new StepOutput([new(0, 5)]));
        scheduler.Complete(scheduler.Schedule()!, new StepOutput([new(1, 5), new(0, 5)]));
        AddPrompts(scheduler, [50], firstId: 2);

        var plan = scheduler.Schedule()!.Plan;

        Assert.Equal(2, plan.Decode.Count);
        Assert.Equal(8, Assert.Single(plan.Prefill).TokenIds.Length);
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    public void Prefill_is_trimmed_unless_the_operator_or_the_request_says_no(bool option, bool disabled, bool isTrimmed)
    {
        var scheduler = Scheduler(capacityInTokens: [60], options: new() { TrimPrefill = option });
        scheduler.Add(Sequence(0, Request("r", 50, new SamplingParams { MaxTokens = 2, DisablePrefillTrimming = disabled })));

        var trim = Assert.Single(scheduler.Schedule()!.Plan.Prefill).Trim;

        Assert.Equal(50, trim.PromptLength);
        Assert.Equal(isTrimmed ? 49 : 0, trim.QueryStart(3));
    }

    [Fact]
    public void A_plan_and_its_output_can_be_read()
    {
        var scheduler = Scheduler(capacityInTokens: [5, 60]);
        AddPrompts(scheduler, [3]);
        scheduler.Complete(scheduler.Schedule()!, new StepOutput([new(0, 5)]));
        AddPrompts(scheduler, [50], firstId: 1);

        Assert.Equal("step: prefill 1[0..8); decode 0@3", scheduler.Schedule()!.Plan.ToString());
        Assert.Equal("output: 0→5 1→no logits", new StepOutput([new(0, 5), new(1, -1, Problem: "no logits")]).ToString());
    }

    [Fact]
    public void Cancelling_ends_all_and_frees_the_arena()
    {
        var scheduler = Scheduler(capacityInTokens: [20, 20]);
        AddTotals(scheduler, [20, 20, 20]);
        scheduler.Schedule();

        var cancelled = scheduler.Cancel(_ => true);

        Assert.Equal([0, 1, 2], cancelled.Select(s => s.Id).Order());
        Assert.All(cancelled, s => Assert.Equal(FinishReason.Cancelled, s.FinishReason));
        Assert.Equal(0, scheduler.KvElementsUsed);
        Assert.Null(scheduler.Schedule());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Cancelling_one_leaves_the_others(int cancelled)
    {
        var scheduler = Scheduler(capacityInTokens: [20, 20]);
        AddTotals(scheduler, [20, 20, 20]);
        scheduler.Complete(scheduler.Schedule()!, new StepOutput([]));

        Assert.Equal([cancelled], scheduler.Cancel(s => s.Id == cancelled).Select(s => s.Id));

        Assert.Equal(cancelled == 0 ? 20 : 0, scheduler.WaitingTokens);
        Assert.Equal(Enumerable.Range(0, 3).Where(id => id != cancelled), RunToEnd(scheduler).Order());
        Assert.Equal(0, scheduler.KvElementsUsed);
        scheduler.CheckIntegrity();
    }

    // Lengths, answers' ends and options at random: each request ends once, each prompt runs once and in order, steps keep to the budget.
    [Fact]
    public void Any_load_is_scheduled_to_its_end() =>
        (from lengths in Gen.Select(Gen.Int[1, 60], Gen.Int[1, 30], Gen.Int[0, 60]).Array[1, 40]
         from chunk in Gen.Int[1, 20]
         from step in Gen.Int[1, 60]
         from sequences in Gen.Int[1, 12]
         from slack in Gen.Int[0, 400]
         from seed in Gen.Int
         select (lengths, new EngineOptions { ChunkTokens = chunk, MaxTokensPerStep = step, MaxSequences = sequences, SharePrefixes = false }, slack, seed))
        .Sample((lengths, options, slack, seed) =>
        {
            long arena = lengths.Max(l => Mixed.Elements(l.Item1 + l.Item2)) + slack;
            var scheduler = new Scheduler(Mixed, arena, options);
            var random = new Random(seed);
            var finished = new List<int>();
            var prefilled = new Dictionary<int, int>();
            int submitted = 0;
            while (true)
            {
                for (int burst = random.Next(5); burst > 0 && submitted < lengths.Length; burst--, submitted++)
                {
                    var (prompt, answer, fork) = lengths[submitted];
                    scheduler.Add(Sequence(submitted, Request($"r{submitted}", prompt, new SamplingParams { MaxTokens = answer }, Math.Min(fork, prompt))));
                }

                var scheduled = scheduler.Schedule();
                scheduler.CheckIntegrity();
                if (scheduled is null)
                {
                    if (submitted == lengths.Length)
                        break;
                    continue;
                }

                foreach (var chunk in scheduled.Plan.Prefill)
                {
                    Assert.Equal(prefilled.GetValueOrDefault(chunk.SequenceId), chunk.Position);
                    prefilled[chunk.SequenceId] = chunk.Position + chunk.TokenIds.Length;
                }

                int tokens = scheduled.Plan.TokenCount;
                Assert.True(tokens > 0 && (tokens <= options.MaxTokensPerStep || scheduled.Plan.Prefill.Count <= 1), $"{scheduled.Plan}");
                Assert.True(scheduler.RunningCount <= options.MaxSequences);
                // Token 0 ends an answer.
                finished.AddRange(scheduler.Complete(scheduled, new StepOutput([.. scheduled.Sampled.Select(s => new SampledToken(s.Id, random.Next(8)))])).Select(s => s.Id));
                scheduler.CheckIntegrity();
            }

            Assert.Equal(Enumerable.Range(0, lengths.Length), finished.Order());
            Assert.All(prefilled, p => Assert.Equal(lengths[p.Key].Item1, p.Value));
            Assert.Equal(0, scheduler.KvElementsUsed);
        });

    private static Scheduler Scheduler(int[] capacityInTokens, int maxSequences = 64, EngineOptions? options = null) =>
        new(Mixed, capacityInTokens.Sum(t => Mixed.Elements(t)), options ?? SmallSteps(maxSequences));

    private static void AddTotals(Scheduler scheduler, int[] totalTokens, int firstId = 0)
    {
        foreach (var (index, tokens) in totalTokens.Index())
            scheduler.Add(Sequence(firstId + index, Request("r", tokens - 1, new SamplingParams { MaxTokens = 1 })));
    }

    private static void AddPrompts(Scheduler scheduler, int[] promptLengths, int firstId = 0)
    {
        foreach (var (index, length) in promptLengths.Index())
            scheduler.Add(Sequence(firstId + index, Request("r", length, new SamplingParams { MaxTokens = 3 })));
    }

    private static SequenceState Sequence(int id, GenerationRequest request) => new(id, request, new RequestClock(TimeProvider.System), new HashSet<int> { 0 }, text: null);

    private static List<int> RunToEnd(Scheduler scheduler)
    {
        List<int> finished = [];
        while (scheduler.Schedule() is { } step)
            finished.AddRange(scheduler.Complete(step, new StepOutput([.. step.Sampled.Select(s => new SampledToken(s.Id, 5))])).Select(s => s.Id));
        return finished;
    }
}
