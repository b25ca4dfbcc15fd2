using CsCheck;
using MixAttention.Engine.Sampling;
using MixAttention.Engine.Scheduling;
using static MixAttention.Engine.Tests.EngineFixture;

namespace MixAttention.Engine.Tests.Scheduling;

/// <summary>The life of prefix nodes: when they are made, what they cost, who goes first and when they end.</summary>
public sealed class PrefixSchedulingTests
{
    [Fact]
    public void A_prefix_is_computed_once_and_its_sharers_go_on_behind_it()
    {
        var scheduler = Scheduler(Mixed.Elements(20) + Mixed.Elements(5) + Mixed.Elements(7));
        Add(scheduler, 0, prefix: 20, suffix: 5);
        Add(scheduler, 1, prefix: 20, suffix: 3);

        var first = scheduler.Schedule()!;
        Assert.Equal("step: prefill -1[0..8); decode ", first.Plan.ToString());
        Assert.Equal(2, scheduler.RunningCount);
        Assert.Equal(Mixed.Elements(20) + Mixed.Elements(5) + Mixed.Elements(7), scheduler.KvElementsUsed);
        scheduler.Complete(first, new StepOutput([]));
        Assert.Equal("step: prefill -1[8..16); decode ", Step(scheduler).Plan.ToString());
        Assert.Equal("step: prefill -1[16..20); decode ", Step(scheduler).Plan.ToString());

        var fork = Step(scheduler);
        Assert.Equal("step: prefill 0[20..25], prefill 1[20..23]; decode ", fork.Plan.ToString());
        Assert.All(fork.Plan.Prefill, c => Assert.Equal((first.Plan.Prefill[0].Region.Offset, 20), (c.Region.PrefixOffset, c.Region.PrefixTokens)));
        Assert.Equal([7, 5], fork.RingCopies.Select(c => c.To.Tokens));
        Assert.Equal([0, 20], fork.Prefilled.Select(t => t.Sequence.CachedPromptTokens));
        Assert.Equal("step: ; decode 0@25 1@23", Step(scheduler).Plan.ToString());
        Assert.Equal(0, scheduler.KvElementsUsed);
    }

    [Fact]
    public void A_request_alone_computes_its_prefix_itself_unless_more_are_announced()
    {
        foreach (bool announced in (bool[])[false, true])
        {
            var scheduler = Scheduler(10_000);
            Add(scheduler, 0, prefix: 20, suffix: 5, announced: announced);
            Assert.Equal(announced ? -1 : 0, scheduler.Schedule()!.Plan.Prefill[0].SequenceId);
            Assert.Equal(announced ? Mixed.Elements(20) + Mixed.Elements(7) : Mixed.Elements(27), scheduler.KvElementsUsed);
        }
    }

    [Fact]
    public void A_request_that_comes_while_the_prefix_is_in_memory_goes_on_behind_it()
    {
        var scheduler = Scheduler(10_000);
        Add(scheduler, 0, prefix: 20, suffix: 5, announced: true);
        for (int i = 0; i < 4; i++)
            Step(scheduler);
        Add(scheduler, 1, prefix: 20, suffix: 3);

        Assert.Equal("step: prefill 1[20..23]; decode 0@25", Step(scheduler).Plan.ToString());
    }

    [Theory]
    [InlineData(15, 5, true)]  // too short to be worth it
    [InlineData(20, 0, true)]  // no token behind it
    [InlineData(20, 5, false)] // switched off
    public void Prefixes_that_cannot_be_shared_are_computed_by_each(int prefix, int suffix, bool option)
    {
        var scheduler = new Scheduler(Mixed, 10_000, new() { ChunkTokens = 8, SharePrefixes = option });
        Add(scheduler, 0, prefix, suffix);
        Add(scheduler, 1, prefix, suffix);

        Assert.Equal([0, 1], scheduler.Schedule()!.Plan.Prefill.Select(c => c.SequenceId));
    }

    [Fact]
    public void Requests_that_do_not_trim_share_with_their_like_only()
    {
        var scheduler = Scheduler(10_000);
        for (int id = 0; id < 4; id++)
            Add(scheduler, id, prefix: 20, suffix: 5, untrimmed: id % 2 == 1);

        var plan = scheduler.Schedule()!.Plan;

        Assert.Equal([-1, -2], plan.Prefill.Select(c => c.SequenceId));
        Assert.Equal([20, 0], plan.Prefill.Select(c => c.Trim.QueryStart(3)));
    }

    // One request's own memory is all there is: less than a prefix with its rings and a sharer with its own need.
    [Fact]
    public void A_budget_that_holds_one_request_alone_finishes_all_unshared()
    {
        var scheduler = Scheduler(Mixed.Elements(27));
        for (int id = 0; id < 3; id++)
            Add(scheduler, id, prefix: 20, suffix: 5, announced: true);

        var (finished, prefilled) = RunToEnd(scheduler);

        Assert.Equal([0, 1, 2], finished.Order());
        Assert.Equal(3 * 25, prefilled);
    }

    [Fact]
    public void A_budget_that_holds_the_prefix_and_one_sharer_computes_the_prefix_once()
    {
        var scheduler = Scheduler(Mixed.Elements(20) + Mixed.Elements(7));
        for (int id = 0; id < 4; id++)
            Add(scheduler, id, prefix: 20, suffix: 5);
        Add(scheduler, 4, prefix: 0, suffix: 20); // longer than a sharer's own part and shorter than a whole request

        var (finished, prefilled) = RunToEnd(scheduler);

        Assert.Equal([0, 1, 2, 3, 4], finished); // depth first: the other one waits until the prefix is done with
        Assert.Equal(20 + (4 * 5) + 20, prefilled);
    }

    [Fact]
    public void Sharers_come_before_longer_requests_and_fill_what_is_free()
    {
        var scheduler = Scheduler(Mixed.Elements(20) + (2 * Mixed.Elements(7)) + Mixed.Elements(60), maxSequences: 2);
        for (int id = 0; id < 3; id++)
            Add(scheduler, id, prefix: 20, suffix: 5, announced: true);
        Add(scheduler, 3, prefix: 0, suffix: 24);

        Assert.Equal([0, 1, 2, 3], RunToEnd(scheduler).Finished);
    }

    // Two prefixes are in memory, nothing runs, and behind neither of them is room for the long request that waits for it.
    [Fact]
    public void Prefixes_that_keep_all_that_waits_out_are_given_up()
    {
        var scheduler = Scheduler(Mixed.Elements(20) + Mixed.Elements(90));
        Add(scheduler, 0, prefix: 20, suffix: 5, announced: true);
        Step(scheduler);
        Add(scheduler, 1, prefix: 20, suffix: 88);
        Add(scheduler, 2, prefix: 30, suffix: 5, announced: true);
        Step(scheduler);
        Add(scheduler, 3, prefix: 30, suffix: 78);
        Assert.Equal((2, 2), (scheduler.RunningCount, scheduler.WaitingCount));

        var (finished, prefilled) = RunToEnd(scheduler);

        Assert.Equal([0, 2, 1, 3], finished);
        Assert.Equal(20 + 5 + 88 + 30 + 5 + (30 + 78) - 8 - 8 - 8, prefilled); // three chunks of 8 ran before
        Assert.Equal(0, scheduler.KvElementsUsed);
    }

    [Fact]
    public void Cancelling_a_sharer_leaves_the_others_and_cancelling_the_last_frees_the_prefix()
    {
        var scheduler = Scheduler(10_000);
        for (int id = 0; id < 3; id++)
            Add(scheduler, id, prefix: 20, suffix: 5);
        Step(scheduler);

        scheduler.Cancel(s => s.Id == 0);
        Assert.Equal("step: prefill -1[8..16); decode ", Step(scheduler).Plan.ToString());
        scheduler.Cancel(s => s.Id == 1);
        scheduler.CheckIntegrity();
        Assert.Equal(Mixed.Elements(20) + Mixed.Elements(7), scheduler.KvElementsUsed);
        scheduler.Cancel(s => s.Id == 2);

        Assert.Null(scheduler.Schedule());
        Assert.Equal(0, scheduler.KvElementsUsed);
    }

    [Fact]
    public void A_prefix_waits_for_a_request_that_waits_for_room()
    {
        var scheduler = Scheduler(10_000, maxSequences: 1);
        Add(scheduler, 0, prefix: 20, suffix: 5);
        Add(scheduler, 1, prefix: 20, suffix: 3);
        Step(scheduler);
        scheduler.Cancel(s => s.Id == 0);
        scheduler.CheckIntegrity();

        Assert.Equal(Mixed.Elements(20), scheduler.KvElementsUsed);
        Assert.Equal("step: prefill -1[8..16); decode ", Step(scheduler).Plan.ToString());
        scheduler.Cancel(s => s.Id == 1);
        Assert.Equal(0, scheduler.KvElementsUsed);
    }

    // Any groups, lengths, budgets, options, arrivals and cancellations: each request ends once, its tokens run once and in order behind a complete prefix, and all memory comes back.
    [Fact]
    public void Any_load_with_prefixes_is_scheduled_to_its_end() =>
        (from requests in Gen.Select(Gen.Int[0, 4], Gen.Int[14, 40], Gen.Int[0, 30], Gen.Int[1, 20], Gen.Bool).Array[1, 40]
         from chunk in Gen.Int[1, 20]
         from step in Gen.Int[1, 60]
         from sequences in Gen.Int[1, 12]
         from slack in Gen.Int[0, 600]
         from seed in Gen.Int
         select (requests, new EngineOptions { ChunkTokens = chunk, MaxTokensPerStep = step, MaxSequences = sequences }, slack, seed))
        .Sample((requests, options, slack, seed) =>
        {
            // Group 0 stands for requests with prefixes of their own; the members of another group take the length of its first one.
            int PrefixOf((int Group, int Own, int, int, bool) request) => request.Group == 0 ? request.Own : requests.First(r => r.Item1 == request.Group).Item2;
            long arena = requests.Max(r => Mixed.Elements(PrefixOf(r) + r.Item3 + r.Item4)) + slack;
            var scheduler = new Scheduler(Mixed, arena, options);
            var random = new Random(seed);
            var ended = new List<int>();
            var position = new Dictionary<int, int>(); // of sequences and of prefixes while they are in memory
            int submitted = 0;
            while (true)
            {
                for (int burst = random.Next(5); burst > 0 && submitted < requests.Length; burst--, submitted++)
                {
                    var (group, _, suffix, answer, announced) = requests[submitted];
                    Add(scheduler, submitted, PrefixOf(requests[submitted]), suffix, announced, group: group == 0 ? 100 + submitted : group, maxTokens: answer);
                }

                int victim = random.Next(8 * requests.Length); // mostly nobody
                ended.AddRange(scheduler.Cancel(s => s.Id == victim).Select(s => s.Id));
                scheduler.CheckIntegrity();
                var scheduled = scheduler.Schedule();
                scheduler.CheckIntegrity();
                if (scheduled is null)
                {
                    if (submitted == requests.Length)
                        break;
                    continue;
                }

                foreach (var (turn, chunk) in scheduled.Prefilled.Zip(scheduled.Plan.Prefill))
                {
                    int before = turn.IsFork ? turn.Prefix is null && turn.Sequence.Prefix!.IsComplete ? turn.Sequence.PrefixLength : -1
                        : turn.Prefix?.PrefilledTokens ?? position.GetValueOrDefault(chunk.SequenceId);
                    Assert.Equal(before, chunk.Position);
                    Assert.Equal(turn.IsFork, scheduled.RingCopies.Any(c => c.To == chunk.Region));
                    position[chunk.SequenceId] = chunk.End;
                }

                Assert.Equal(scheduled.Prefilled.Count(t => t.IsFork), scheduled.RingCopies.Count);
                int tokens = scheduled.Plan.TokenCount;
                Assert.True(tokens > 0 && (tokens <= options.MaxTokensPerStep || scheduled.Plan.Prefill.Count <= 1), $"{scheduled.Plan}");
                Assert.True(scheduler.RunningCount <= options.MaxSequences);
                // Token 0 ends an answer.
                ended.AddRange(scheduler.Complete(scheduled, new StepOutput([.. scheduled.Sampled.Select(s => new SampledToken(s.Id, random.Next(8)))])).Select(s => s.Id));
                scheduler.CheckIntegrity();
            }

            Assert.Equal(Enumerable.Range(0, requests.Length), ended.Order());
            Assert.Equal((0, 0, 0), (scheduler.KvElementsUsed, scheduler.WaitingCount, scheduler.WaitingTokens));
        });

    // All wait together and there is room: the minimum is each prefix once and each rest once.
    [Fact]
    public void Prefill_runs_each_prefix_once() =>
        Gen.Select(Gen.Int[1, 6], Gen.Int[2, 8], Gen.Int[16, 60], Gen.Int[1, 40], Gen.Int[1, 20]).Sample((groups, members, prefix, suffix, chunk) =>
        {
            var scheduler = new Scheduler(Mixed, 1_000_000, new() { ChunkTokens = chunk });
            for (int id = 0; id < groups * members; id++)
                Add(scheduler, id, prefix, suffix, group: id % groups);

            Assert.Equal(groups * (prefix + (members * suffix)), RunToEnd(scheduler).PrefillTokens);
        });

    private static Scheduler Scheduler(long arenaElements, int maxSequences = 64) => new(Mixed, arenaElements, SmallSteps(maxSequences));

    private static void Add(Scheduler scheduler, int id, int prefix, int suffix, bool announced = false, bool untrimmed = false, int group = 0, int maxTokens = 2)
    {
        var request = SharedRequest($"r{id}", group, prefix, suffix, new SamplingParams { MaxTokens = maxTokens, DisablePrefillTrimming = untrimmed }) with { ExpectsSharers = announced };
        scheduler.Add(new SequenceState(id, request, new RequestClock(TimeProvider.System), new HashSet<int> { 0 }, text: null));
    }

    private static ScheduledStep Step(Scheduler scheduler)
    {
        var step = scheduler.Schedule()!;
        scheduler.Complete(step, new StepOutput([.. step.Sampled.Select(s => new SampledToken(s.Id, 5))]));
        scheduler.CheckIntegrity();
        return step;
    }

    private static (List<int> Finished, int PrefillTokens) RunToEnd(Scheduler scheduler)
    {
        List<int> finished = [];
        int prefillTokens = 0;
        while (scheduler.Schedule() is { } step)
        {
            scheduler.CheckIntegrity();
            prefillTokens += step.Plan.Prefill.Sum(c => c.TokenIds.Length);
            finished.AddRange(scheduler.Complete(step, new StepOutput([.. step.Sampled.Select(s => new SampledToken(s.Id, 5))])).Select(s => s.Id));
        }

        return (finished, prefillTokens);
    }
}
