using Microsoft.Extensions.Time.Testing;
using MixAttention.Engine.Sampling;
using static MixAttention.Engine.Tests.EngineFixture;

namespace MixAttention.Engine.Tests;

public sealed class InferenceEngineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ready_states_what_was_loaded()
    {
        await using var engine = InferenceEngine.Start(() => new ScriptedRunner(Mixed, 1000, vocabularySize: 48, maxSequenceLength: 77), new(), tokenizer: null, []);

        var info = await engine.Ready;

        Assert.Equal(new EngineInfo(48, 77, Mixed, 1000, "scripted"), info);
        Assert.Equal(2000, info.KvBytes);
    }

    [Fact]
    public async Task A_result_carries_usage_and_reserved_bytes()
    {
        var request = Request("r", 30, new SamplingParams { MaxTokens = 4, IgnoreEndTokens = true });

        var result = Assert.Single(await RunAsync([request], 4000));

        Assert.Equal(("r", "r"), (result.CustomId, result.Key));
        Assert.Equal(FinishReason.Length, result.FinishReason);
        Assert.Equal((30, 4, 4), (result.PromptTokens, result.CompletionTokens, result.TokenIds.Count));
        Assert.Equal(Mixed.Bytes(34), result.KvBytes);
        Assert.Null(result.Text);
        Assert.Null(result.Logprobs);
    }

    [Fact]
    public async Task Requests_that_cannot_run_are_answered_with_errors_and_the_others_run()
    {
        long arena = Mixed.Elements(60);
        GenerationRequest[] requests = [Request("fits", 48), Request("large", 49), Request("long", 501), Request("bad", 5, new() { MaxTokens = 0 }), Request("empty", 0)];

        var results = (await RunAsync(requests, arena)).ToDictionary(r => r.CustomId, r => r.Error?.Code);

        Assert.Equal(
            new() { ["fits"] = null, ["large"] = "token_budget_exceeded", ["long"] = "context_length_exceeded", ["bad"] = "invalid_request", ["empty"] = "invalid_request" },
            results);
    }

    [Fact]
    public async Task Logits_without_a_number_fail_one_request_and_not_the_engine_fault_22()
    {
        int calls = 0;
        await using var engine = Start(new RunnerScript { ChangeLogits = logits => logits[3] = calls++ == 0 ? float.NaN : logits[3] });
        await engine.SubmitAsync(Request("nan", 20), Token);
        var failed = await engine.Results.ReadAsync(Token);
        await engine.SubmitAsync(Request("sound", 10), Token);
        var sound = await engine.Results.ReadAsync(Token);

        Assert.Equal("inference_error", failed.Error?.Code);
        Assert.Contains("position 20", failed.Error?.Message, StringComparison.Ordinal);
        Assert.Null(sound.Error);
    }

    [Fact]
    public async Task Text_is_made_and_cut_at_stop_strings()
    {
        var letters = new TokenText(id => ((char)(' ' + id)).ToString(), () => "");
        await using var engine = InferenceEngine.StartWithText(() => new ScriptedRunner(Mixed, 4000), SmallSteps(), () => letters, []);
        var request = Request("r", 20, new SamplingParams { MaxTokens = 20 });
        await engine.SubmitAsync(request, Token);
        var whole = await engine.Results.ReadAsync(Token);
        string stop = whole.Text![10..12];
        await engine.SubmitAsync(request with { Sampling = request.Sampling with { Stop = [stop] } }, Token);

        var cut = await engine.Results.ReadAsync(Token);

        Assert.Equal(20, whole.Text.Length);
        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], cut.Text);
        Assert.Equal(FinishReason.Stop, cut.FinishReason);
    }

    [Fact]
    public async Task A_runner_that_cannot_be_made_is_told_to_all_who_wait()
    {
        await using var engine = InferenceEngine.Start(() => throw new IOException("no such file"), new(), tokenizer: null, []);

        var fromReady = await Assert.ThrowsAsync<EngineException>(() => engine.Ready);
        var fromResults = await Assert.ThrowsAsync<EngineException>(() => ReadAllAsync(engine));
        var fromSubmit = await Assert.ThrowsAsync<EngineException>(() => engine.SubmitAsync(Request("r", 5), Token).AsTask());

        Assert.Equal("The model could not be loaded: no such file", fromReady.Message);
        Assert.Equal(fromReady.Message, fromResults.Message);
        Assert.Equal(fromReady.Message, fromSubmit.Message);
        Assert.IsType<IOException>(fromSubmit.InnerException);
    }

    [Fact]
    public async Task A_step_that_fails_is_told_to_readers_and_waiting_submitters()
    {
        using var submitted = new ManualResetEventSlim();
        await using var engine = Start(
            new RunnerScript
            {
                BeforeRun = _ =>
                {
                    submitted.Wait(Token);
                    throw new InvalidOperationException("broken");
                },
            },
            new() { MaxWaiting = 2, MaxSequences = 1 });
        // One may run and two may wait: of five at least two submitters are kept waiting.
        var submitting = Enumerable.Range(0, 5).Select(i => engine.SubmitAsync(Request($"r{i}", 5), Token).AsTask()).ToArray();
        submitted.Set();

        const string Message = "The engine stopped in a step: broken";
        Assert.Equal(Message, (await Assert.ThrowsAsync<EngineException>(() => engine.Results.ReadAllAsync(Token).ToListAsync(Token).AsTask())).Message);
        Assert.Equal(Message, (await Assert.ThrowsAsync<EngineException>(() => Task.WhenAll(submitting))).Message);
    }

    [Theory]
    [InlineData(0, "gave no logits for row 0")]
    [InlineData(2, "gave logits for row 0 twice")]
    public async Task A_runner_that_breaks_its_contract_is_found_out(int times, string message)
    {
        await using var engine = Start(new RunnerScript { HandOuts = times });
        await engine.SubmitAsync(Request("r", 5), Token);

        Assert.Contains(message, (await Assert.ThrowsAsync<EngineException>(() => ReadAllAsync(engine))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_answers_every_accepted_request_once()
    {
        using var running = new ManualResetEventSlim();
        using var cancelled = new ManualResetEventSlim();
        int steps = 0;
        await using var engine = Start(new RunnerScript
        {
            BeforeRun = _ =>
            {
                if (++steps < 5)
                    return;
                running.Set();
                cancelled.Wait(Token);
            },
        }, SmallSteps(maxSequences: 3));
        var requests = Enumerable.Range(0, 30).Select(i => Request($"r{i}", 1 + i, new SamplingParams { MaxTokens = 3, IgnoreEndTokens = true })).ToArray();
        foreach (var request in requests)
            await engine.SubmitAsync(request, Token);
        running.Wait(Token);
        engine.Cancel();
        cancelled.Set();

        var results = await ReadAllAsync(engine);

        Assert.Equal(requests.Select(r => r.CustomId).Order(), results.Select(r => r.CustomId).Order());
        Assert.Contains(results, r => r.FinishReason == FinishReason.Cancelled && r.KvBytes > 0);
        Assert.Contains(results, r => r.FinishReason == FinishReason.Cancelled && r.KvBytes == 0);
        Assert.Equal(0, engine.Snapshot.SequencesRunning + engine.Snapshot.SequencesWaiting);
        Assert.Equal(30, engine.Snapshot.SequencesFinished);
        await Assert.ThrowsAsync<OperationCanceledException>(() => engine.SubmitAsync(Request("late", 5), Token).AsTask());
    }

    [Fact]
    public async Task Cancelling_a_key_ends_what_was_handed_in_with_it_and_nothing_else()
    {
        using var running = new ManualResetEventSlim();
        using var cancelled = new ManualResetEventSlim();
        await using var engine = Start(
            new RunnerScript
            {
                BeforeRun = _ =>
                {
                    running.Set();
                    cancelled.Wait(Token);
                },
            },
            new() { ChunkTokens = 8, MaxSequences = 1, MaxWaiting = 8 });
        GenerationRequest WithKey(string key) => Request("same", 20) with { Key = key };
        await engine.SubmitAsync(WithKey("running"), Token);
        running.Wait(Token);
        foreach (string key in (string[])["a", "b", "c"])
            await engine.SubmitAsync(WithKey(key), Token);
        engine.Cancel("running");
        engine.Cancel("b");
        engine.Cancel("later");
        await engine.SubmitAsync(WithKey("later"), Token);
        cancelled.Set();

        var results = await ReadAllAsync(engine);

        Assert.All(results, r => Assert.Equal("same", r.CustomId));
        Assert.Equal(["b", "running"], results.Where(r => r.FinishReason == FinishReason.Cancelled).Select(r => r.Key).Order());
        Assert.Equal(["a", "c", "later"], results.Where(r => r.FinishReason != FinishReason.Cancelled).Select(r => r.Key).Order());
        Assert.Equal(0, engine.Snapshot.WaitingTokens);
    }

    [Fact]
    public async Task No_request_is_taken_after_the_last()
    {
        await using var engine = Start();
        engine.CompleteSubmissions();

        await Assert.ThrowsAsync<InvalidOperationException>(() => engine.SubmitAsync(Request("late", 5), Token).AsTask());
        Assert.Empty(await ReadAllAsync(engine));
    }

    [Fact]
    public async Task A_submitter_waits_while_too_many_wait_and_can_give_up()
    {
        using var go = new ManualResetEventSlim();
        await using var engine = Start(new RunnerScript { BeforeRun = _ => go.Wait(Token) }, new() { MaxWaiting = 4, MaxSequences = 1 });
        using var patience = new CancellationTokenSource();
        var pending = new List<Task>();
        // One may run and at most four may wait, two of them in the inbox: of six at least three are accepted and at least one is not.
        for (int i = 0; i < 6; i++)
            pending.Add(engine.SubmitAsync(Request($"r{i}", 5), patience.Token).AsTask());

        await Task.WhenAll(pending.Take(3));
        patience.Cancel();
        go.Set();
        engine.CompleteSubmissions();
        var results = await ReadAllAsync(engine);

        Assert.Contains(pending, p => p.IsCanceled);
        Assert.Equal(pending.Count(p => p.IsCompletedSuccessfully), results.Count);
    }

    [Fact]
    public async Task The_engine_waits_while_nobody_reads_and_loses_nothing()
    {
        var requests = Enumerable.Range(0, 700).Select(i => Request($"r{i}", 1 + (i % 5), new SamplingParams { MaxTokens = 1 })).ToArray();
        await using var engine = Start();
        await SubmitAllAsync(engine, requests);
        while (engine.Snapshot.SequencesFinished < 256)
            await Task.Yield();

        Assert.True(engine.Results.Count <= 256);
        Assert.Equal(700, (await ReadAllAsync(engine)).DistinctBy(r => r.CustomId).Count());
    }

    [Fact]
    public async Task Disposing_ends_the_thread_though_results_are_unread()
    {
        ScriptedRunner? runner = null;
        var engine = InferenceEngine.Start(() => runner = new ScriptedRunner(Mixed, 4000), SmallSteps(), tokenizer: null, []);
        await SubmitAllAsync(engine, Enumerable.Range(0, 700).Select(i => Request($"r{i}", 3, new SamplingParams { MaxTokens = 1 })));

        await engine.DisposeAsync();
        await engine.DisposeAsync();

        Assert.True(runner!.IsDisposed);
        engine.Cancel();
    }

    [Fact]
    public async Task The_runner_is_disposed_on_its_thread_after_a_fault()
    {
        ScriptedRunner? runner = null;
        await using var engine = InferenceEngine.Start(() => runner = new ScriptedRunner(Mixed, 4000, new() { BeforeRun = _ => throw new IOException("gone") }), new(), tokenizer: null, []);
        await engine.SubmitAsync(Request("r", 5), Token);

        await Assert.ThrowsAsync<EngineException>(() => ReadAllAsync(engine));
        await engine.DisposeAsync();

        Assert.True(runner!.IsDisposed);
    }

    [Fact]
    public void Bad_options_are_all_named()
    {
        var e = Assert.Throws<ArgumentException>(() => InferenceEngine.Start(() => throw new InvalidOperationException(), new() { ChunkTokens = 0, MaxWaiting = 1 }, tokenizer: null, []));

        Assert.Equal("ChunkTokens is 0; give 1 or more. MaxWaiting is 1; give 2 or more.", e.Message);
    }

    [Fact]
    public async Task Time_in_and_around_the_model_is_told_apart()
    {
        var time = new FakeTimeProvider();
        // The runner takes 2 s a step; handing out a row happens inside it and must not count as sampling.
        await using var engine = Start(new RunnerScript { BeforeRun = _ => time.Advance(TimeSpan.FromSeconds(2)) }, time: time);
        await engine.SubmitAsync(Request("r", 20, new SamplingParams { MaxTokens = 3, IgnoreEndTokens = true }), Token);

        var result = await engine.Results.ReadAsync(Token);

        // Chunks of 8, 8 and 4, then two decode steps.
        Assert.Equal(new GenerationTimings(TimeSpan.Zero, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(10)), result.Timings);
        Assert.Equal((TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(4)), (result.Timings.Prefill, result.Timings.Decode));
        Assert.Equal((5, TimeSpan.FromSeconds(10), TimeSpan.Zero), (engine.Snapshot.Steps, engine.Snapshot.ModelTime, engine.Snapshot.OtherTime));
    }

    [Fact]
    public async Task Steps_are_told_with_what_was_in_memory_while_they_ran()
    {
        var steps = new List<EngineStep>();
        var time = new FakeTimeProvider();
        await using (var engine = Start(new RunnerScript { BeforeRun = _ => time.Advance(TimeSpan.FromSeconds(2)) }, time: time, onStep: steps.Add))
        {
            await engine.SubmitAsync(Request("r", 20, new SamplingParams { MaxTokens = 3, IgnoreEndTokens = true }), Token);
            await ReadAllAsync(engine);
        }

        Assert.Equal([(8, 0, 0), (8, 0, 0), (4, 0, 1), (0, 1, 1), (0, 1, 1)], steps.Select(s => (s.PromptTokens, s.DecodeTokens, s.CompletionTokens)));
        Assert.All(steps, s => Assert.Equal((1, 0, Mixed.Bytes(23), TimeSpan.FromSeconds(2)), (s.SequencesRunning, s.SequencesWaiting, s.KvBytesUsed, s.ModelTime)));
        Assert.Equal(steps.Skip(1).Select(s => s.StartedAt), steps.SkipLast(1).Select(s => s.EndedAt));
    }

    [Fact]
    public async Task Snapshots_add_up()
    {
        GenerationRequest[] requests = [Request("a", 20, new() { MaxTokens = 4, IgnoreEndTokens = true }), Request("b", 30, new() { MaxTokens = 3, IgnoreEndTokens = true }), Request("c", 0)];
        var seen = new List<EngineSnapshot>();
        InferenceEngine? engine = null;
        await using (engine = Start(new RunnerScript { BeforeRun = _ => seen.Add(engine!.Snapshot) }))
        {
            await SubmitAllAsync(engine, requests);
            await ReadAllAsync(engine);

            var last = engine.Snapshot;
            Assert.Equal((3, 50, 7), (last.SequencesFinished, last.PromptTokens, last.CompletionTokens));
            // Of each prompt the three upper layers run for the last position, and the lowest one for the five that layer 1's window shows it.
            Assert.Equal((2 * 8, (4 * 50) - (2 * 8)), (last.PrefillFlops, last.PrefillFlopsSaved));
            Assert.Equal(0.92, last.PrefillFlopsSavedShare);
            Assert.Equal(0, last.KvBytesUsed);
            Assert.Equal((8000, 8000), (last.KvBytesBudget, last.KvBytesFree));
            Assert.InRange(last.PeakKvBytesUsed, Mixed.Bytes(33), Mixed.Bytes(33) + Mixed.Bytes(24));
            Assert.Equal(seen.Count, last.Steps);
        }

        Assert.All(seen, s => Assert.True(s.PeakKvBytesUsed >= s.KvBytesUsed && s.KvBytesUsed > 0 == s.SequencesRunning > 0));
    }

    private static InferenceEngine Start(RunnerScript? script = null, EngineOptions? options = null, TimeProvider? time = null, Action<EngineStep>? onStep = null) =>
        InferenceEngine.Start(() => new ScriptedRunner(Mixed, 4000, script), options ?? SmallSteps(), tokenizer: null, [0, 1], time, onStep);

    private static async Task<List<GenerationResult>> ReadAllAsync(InferenceEngine engine)
    {
        engine.CompleteSubmissions();
        return await engine.Results.ReadAllAsync(Token).ToListAsync(Token);
    }
}
