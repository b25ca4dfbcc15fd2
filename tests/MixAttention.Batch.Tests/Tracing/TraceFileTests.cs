using System.Text;
using System.Text.Json;
using MixAttention.Batch.Shards;
using MixAttention.Batch.Store;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Tracing;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Tracing;

public sealed class TraceFileTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private FolderArtifactStore Store => new(_folder["store"], TimeProvider.System);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Line_is_OpenTelemetry_s_JSON()
    {
        var line = JsonDocument.Parse(TraceFile.Write("worker-1", [Call(0).ToSpan(Document, "chat", "demo", new SamplingParams())])).RootElement;
        var resource = line.GetProperty("resourceSpans")[0];
        Assert.Equal("worker-1", Attribute(resource.GetProperty("resource"), "service.instance.id").GetProperty("stringValue").GetString());
        Assert.Equal("https://opentelemetry.io/schemas/1.37.0", resource.GetProperty("schemaUrl").GetString());
        var span = resource.GetProperty("scopeSpans")[0].GetProperty("spans")[0];
        Assert.Matches("^[0-9a-f]{32}$", span.GetProperty("traceId").GetString()!);
        Assert.Matches("^[0-9a-f]{16}$", span.GetProperty("spanId").GetString()!);
        Assert.Equal(Document.SpanId, span.GetProperty("parentSpanId").GetString());
        Assert.Equal(("chat demo", 1), (span.GetProperty("name").GetString(), span.GetProperty("kind").GetInt32()));
        Assert.Equal("1769860800000000000", span.GetProperty("startTimeUnixNano").GetString());
        Assert.Equal("1769860804500000000", span.GetProperty("endTimeUnixNano").GetString());
        Assert.Equal("1000", Attribute(span, "gen_ai.usage.input_tokens").GetProperty("intValue").GetString());
        Assert.Equal("stop", Attribute(span, "gen_ai.response.finish_reasons").GetProperty("arrayValue").GetProperty("values")[0].GetProperty("stringValue").GetString());
        Assert.Equal(1.5, Attribute(span, "mixattention.queue.duration").GetProperty("doubleValue").GetDouble());
        Assert.Equal(3, Attribute(span, "mixattention.prefill.layers_skipped").GetProperty("doubleValue").GetDouble());
        Assert.True(Attribute(span, "mixattention.prefix.is_hit").GetProperty("boolValue").GetBoolean());
    }

    [Fact]
    public void Failure_is_an_error_s_status()
    {
        var failed = Call(0) with { FinishReason = "error", ErrorCode = "inference_error" };
        var span = failed.ToSpan(Document, "chat", "demo", new SamplingParams());
        Assert.Equal(new OtlpStatus(2, "inference_error"), span.Status);
        Assert.Equal("inference_error", span.Attributes.Text("error.type"));
    }

    [Fact]
    public async Task Spans_are_read_as_they_were_written()
    {
        var shard = new ShardSpan
        {
            JobId = "job_1",
            Shard = 3,
            Generation = 2,
            StartedAt = Noon,
            EndedAt = Noon.AddSeconds(9),
            Rows = 64,
            ResumedRows = 5,
            IsWhole = true,
            MaxSequences = 256,
            KvBudget = 1L << 40,
            NumericsVersion = "cpu",
            Engine = [EngineInterval.Of(new EngineStep { StartedAt = Noon, ModelTime = TimeSpan.FromSeconds(0.5), PromptTokens = 512, SequencesRunning = 7, SequencesWaiting = 2, KvBytesUsed = 4096 })],
        };
        var step = new NumberedStep(17, new EngineStep { StartedAt = Noon, ModelTime = TimeSpan.FromMilliseconds(250), OtherTime = TimeSpan.FromMilliseconds(1), DecodeTokens = 24, CompletionTokens = 24, SequencesRunning = 24, KvBytesUsed = 99 });
        byte[] lines = TraceFile.Write("w", [shard.ToSpan([], []), Call(0).ToSpan(Document, "chat", "demo", new SamplingParams()), step.ToSpan(SpanPlace.OfEngine("w"))]);
        await TraceFile.AppendAsync(Store, "traces/a", lines, Stop);
        var read = await ReadAsync();

        Assert.Equal(["w", "w", "w"], read.Select(r => r.Worker));
        var shardRead = ShardSpan.Of(read[0].Span);
        Assert.Equal(shard with { Engine = [] }, shardRead with { Engine = [] });
        Assert.Equal(shard.Engine, shardRead.Engine);
        Assert.Equal(Call(0) with { Prefill = Call(0).Prefill with { SkippedRows = 0 } }, CallSpan.Of(read[1].Span));
        Assert.Equal(step, NumberedStep.Of(read[2].Span));
    }

    [Fact]
    public async Task Lines_stay_short_enough_for_collectors()
    {
        byte[] lines = TraceFile.Write("w", Enumerable.Range(0, 1000).Select(i => (Call(i) with { CustomId = new string('x', 512) }).ToSpan(Document, "chat", "demo", new SamplingParams())));
        Assert.All(CheckpointSegment.SplitLines(lines), line => Assert.InRange(line.Length, 1, 1 << 20));
        await TraceFile.AppendAsync(Store, "traces/a", lines, Stop);
        Assert.Equal(Enumerable.Range(0, 1000), (await ReadAsync()).Select(r => CallSpan.Of(r.Span).Row));
    }

    [Fact]
    public async Task Lines_are_appended_and_damaged_ones_passed_over()
    {
        await TraceFile.AppendAsync(Store, "traces/a", TraceFile.Write("first", [Call(0).ToSpan(Document, "chat", "demo", new SamplingParams())]), Stop);
        await TraceFile.AppendAsync(Store, "traces/a", Encoding.UTF8.GetBytes("{\"resourceSpans\":[\n"), Stop);
        await TraceFile.AppendAsync(Store, "traces/a", TraceFile.Write("second", [Call(1).ToSpan(Document, "chat", "demo", new SamplingParams())]), Stop);
        Assert.Equal(["first", "second"], (await ReadAsync()).Select(r => r.Worker));
    }

    [Fact]
    public void Places_follow_from_names_alone()
    {
        Assert.Equal(SpanPlace.OfShard("job_1", 2, 1), SpanPlace.OfShard("job_1", 2, 1));
        string[] traces = [SpanPlace.OfJob("job_1").TraceId, SpanPlace.OfShard("job_1", 2, 1).TraceId, SpanPlace.OfShard("job_1", 2, 2).TraceId, SpanPlace.OfShard("job_1", 1, 2).TraceId, SpanPlace.OfEngine("w").TraceId];
        Assert.Equal(5, traces.Distinct().Count());
    }

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033-01", false)]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Traceparent_of_a_message_is_linked_if_it_is_one(string? traceparent, bool isLinked) =>
        Assert.Equal(isLinked ? new OtlpLink("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331") : null, SpanPlace.LinkTo(traceparent));

    private static SpanPlace Document { get; } = SpanPlace.OfShard("job_1", 0, 1).Inside("row 0");

    private static CallSpan Call(int row) => new()
    {
        Row = row,
        CustomId = "doc.txt",
        SubmittedAt = Noon,
        Timings = new GenerationTimings(TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4.5)),
        PromptTokens = 1000,
        CachedPromptTokens = 200,
        CompletionTokens = 50,
        KvBytes = 12345,
        Prefill = new PrefillWork(1e9, 3e9, 2400),
        FinishReason = "stop",
    };

    private static JsonElement Attribute(JsonElement owner, string key) => owner.GetProperty("attributes").EnumerateArray().Single(a => a.GetProperty("key").GetString() == key).GetProperty("value");

    private async Task<List<(string Worker, OtlpSpan Span)>> ReadAsync()
    {
        var read = new List<(string, OtlpSpan)>();
        await foreach (var span in TraceFile.ReadAsync(Store, "traces/", Stop))
            read.Add(span);
        return read;
    }
}
