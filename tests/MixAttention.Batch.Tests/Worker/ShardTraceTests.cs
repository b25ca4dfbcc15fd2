using MixAttention.Batch.Prompts;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tests.Support.Faults;
using MixAttention.Batch.Tracing;
using MixAttention.Batch.Worker;

namespace MixAttention.Batch.Tests.Worker;

public sealed class ShardTraceTests : IAsyncDisposable
{
    private readonly WorkerFixture _fixture = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Trace_is_written_before_the_part()
    {
        WriteDocuments(6);
        await _fixture.SubmitAsync();
        var points = new CrashPoints();
        await _fixture.WorkAsync(points);
        var steps = points.Steps.ToList();
        foreach (string shard in new[] { "00000", "00001" })
            Assert.True(steps.IndexOf($"PutIfMatch traces/part-{shard}.otlp.jsonl") is >= 0 and var trace && trace < steps.IndexOf($"PutIfAbsent outputs/part-{shard}.jsonl"), string.Join('\n', steps));
        Assert.True(steps.IndexOf("PutIfMatch report.html") > steps.IndexOf("PutIfAbsent _COMMITTED.json"));
    }

    [Fact]
    public async Task Spans_of_shard_document_and_sequence_lie_in_each_other()
    {
        WriteDocuments(3);
        _fixture.Job.Folder.Write("docs/empty.txt", "");
        _fixture.Job.Task = PromptTask.Ask(["First?", "Second?"]);
        await _fixture.SubmitAsync();
        await _fixture.WorkAsync();
        var spans = await ReadAsync();

        var shard = Assert.Single(spans, s => s.Name == "process shard");
        Assert.Equal((5, null), (shard.Kind, shard.ParentSpanId));
        Assert.Equal(SpanPlace.OfJob("job_1").Link(), Assert.Single(shard.Links!));
        Assert.Equal(8, shard.Attributes.Integer("mixattention.shard.rows"));
        Assert.True(ShardSpan.Of(shard) is { ResumedRows: 0, IsWhole: true, Engine.Count: > 0 });
        var documents = spans.Where(s => s.Name == "document").ToList();
        Assert.Equal(Enumerable.Range(0, 8), documents.Select(d => (int)d.Attributes.Integer("mixattention.row")));
        Assert.All(documents, d => Assert.Equal(shard.SpanId, d.ParentSpanId));
        Assert.Equal(2, documents.Count(d => d.Attributes.Text("error.type") == "document_empty"));
        var calls = spans.Where(s => s.Name == "chat scripted").ToList();
        Assert.Equal(6, calls.Count);
        Assert.All(calls, call =>
        {
            var document = Assert.Single(documents, d => d.SpanId == call.ParentSpanId);
            Assert.True(document.StartTimeUnixNano <= call.StartTimeUnixNano && call.EndTimeUnixNano <= document.EndTimeUnixNano && shard.StartTimeUnixNano <= call.StartTimeUnixNano);
            Assert.True(CallSpan.Of(call) is { PromptTokens: > 0, CompletionTokens: > 0, KvBytes: > 0 });
        });
        Assert.Single(spans, s => s.Name == "job");
        Assert.Equal(spans.Count, spans.Select(s => s.SpanId).Distinct().Count());
    }

    [Fact]
    public async Task Trace_holds_no_word_of_a_document()
    {
        _fixture.Job.Folder.Write("docs/a.txt", "Unmistakable words.");
        await _fixture.SubmitAsync();
        await _fixture.WorkAsync();
        string trace = await _fixture.ReadAsync(_fixture.Artifacts.Trace(0));
        Assert.DoesNotContain("Unmistakable", trace, StringComparison.Ordinal);
        Assert.DoesNotContain("Summarize", trace, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_that_takes_no_traces_changes_no_result_fault_38()
    {
        WriteDocuments(6);
        await _fixture.SubmitAsync();
        var points = new CrashPoints
        {
            Before = step => step.Contains("traces/", StringComparison.Ordinal) || step.Contains("report", StringComparison.Ordinal) ? throw new StoreException("The test's disk is full.", isTransient: false) : Task.CompletedTask,
        };
        var log = new List<string>();
        Assert.Equal(6, await _fixture.WorkAsync(points, new WorkerOptions { Log = log.Add }));
        Assert.Equal(6, (await _fixture.ReadAsync(_fixture.Artifacts.Output)).Count(c => c == '\n'));
        Assert.Empty(await _fixture.Store.ListAsync(_fixture.Artifacts.Traces, Stop).ToListAsync(Stop));
        var said = log.Where(line => line.Contains("was not written", StringComparison.Ordinal)).ToList();
        Assert.Equal([_fixture.Artifacts.Report, _fixture.Artifacts.Trace(0), _fixture.Artifacts.Trace(1)], said.Select(line => line.Split(' ')[0]).Distinct().Order());
        Assert.All(said, line => Assert.EndsWith("was not written: The test's disk is full. No result depends on it.", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Worker_that_drains_leaves_what_it_did_to_its_successor_s_trace()
    {
        WriteDocuments(6);
        (_fixture.DocumentsPerShard, _fixture.Job.MaxSequences) = (6, 1);
        await _fixture.SubmitAsync();
        int steps = 0;
        using (var stop = new CancellationTokenSource())
        {
            _fixture.Job.BeforeStep = _ =>
            {
                if (++steps == 12)
                    stop.Cancel();
            };
            await _fixture.WorkAsync(options: new WorkerOptions { DrainTime = TimeSpan.Zero }, interrupt: stop);
            _fixture.Job.BeforeStep = null;
        }

        await _fixture.WorkAsync();
        var spans = await ReadAsync();
        var shards = spans.Where(s => s.Name == "process shard").Select(ShardSpan.Of).ToList();
        Assert.Equal([(1, false), (2, true)], shards.Select(s => (s.Generation, s.IsWhole)));
        Assert.True(shards[1].ResumedRows > 0);
        var finished = spans.Where(s => s.Name == "chat scripted").Select(CallSpan.Of).Where(c => c.FinishReason != "cancelled").Select(c => c.Row);
        Assert.Equal(Enumerable.Range(0, 6), finished.Order());
    }

    [Fact]
    public async Task Steps_are_traced_on_request()
    {
        WriteDocuments(2);
        await _fixture.SubmitAsync();
        int steps = 0;
        _fixture.Job.BeforeStep = _ => steps++;
        await _fixture.WorkAsync(model: _fixture.Job.Model with { TracesSteps = true });
        var traced = (await ReadAsync()).Where(s => s.Name == "step").Select(NumberedStep.Of).ToList();
        Assert.Equal(Enumerable.Range(1, steps).Select(n => (long)n), traced.Select(s => s.Number));
        Assert.Contains(traced, s => s.Step.PromptTokens > 0);
        Assert.Contains(traced, s => s.Step is { PromptTokens: 0, DecodeTokens: > 0, KvBytesUsed: > 0, SequencesRunning: > 0 });
    }

    private void WriteDocuments(int count)
    {
        for (int i = 0; i < count; i++)
            _fixture.Job.Folder.Write($"docs/doc-{i:00}.txt", string.Join(' ', Enumerable.Range(0, 3 + (i % 5 * 4)).Select(w => $"w{w % 7}")));
    }

    private async Task<List<OtlpSpan>> ReadAsync()
    {
        var spans = new List<OtlpSpan>();
        await foreach (var (_, span) in TraceFile.ReadAsync(_fixture.Store, _fixture.Artifacts.Traces, Stop))
            spans.Add(span);
        return spans;
    }
}
