using System.Text.Json;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Tests.Support;
using MixAttention.Batch.Worker;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Worker;

/// <summary>Runs documents that are longer than one call takes among others.</summary>
public sealed class LongDocumentTests : IAsyncDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly WorkerFixture _fixture = new() { DocumentsPerShard = 8 };

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Document_four_times_the_context_is_read_whole()
    {
        string text = WriteLong("docs/long.txt", 2400);
        await _fixture.SubmitAsync();
        long calls = await _fixture.WorkAsync();
        var line = Assert.Single(await LinesAsync());
        var summary = line.GetProperty("x_batch").GetProperty("summary");
        Assert.Equal($$"""{"strategy":"map_reduce","chunks":{{calls - 1}},"depth":1,"coverage":1,"truncated":true,"spans":[[0,{{text.Length}}]]}""", summary.GetRawText()); // Its answers all end at their limit.
        Assert.True(calls - 1 > 4);
        var usage = line.GetProperty("response").GetProperty("body").GetProperty("usage");
        Assert.Equal(calls * 6, usage.GetProperty("completion_tokens").GetInt64());
        Assert.InRange(usage.GetProperty("prompt_tokens").GetInt64(), 4800, 5400);
        Assert.Equal("length", line.GetProperty("response").GetProperty("body").GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Lines_of_documents_that_fit_are_the_same_with_a_long_one_among_them()
    {
        WriteShort();
        await _fixture.SubmitAsync();
        await _fixture.WorkAsync();
        string[] without = (await _fixture.ReadAsync(_fixture.Artifacts.Output)).Split('\n');

        await using var other = new WorkerFixture();
        WriteShort(other);
        WriteLong("docs/z.txt", 2400, other);
        await other.SubmitAsync();
        await other.WorkAsync();
        string[] with = (await other.ReadAsync(other.Artifacts.Output)).Split('\n');
        Assert.Equal(without[..5], with[..5]);
        Assert.DoesNotContain("\"summary\":", without[0], StringComparison.Ordinal);
        Assert.Contains("\"summary\":", with[5], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(120)]
    public async Task Line_is_the_same_whatever_ran_together(int? context)
    {
        async Task<string> RunAsync(int maxSequences, int arenaTokens)
        {
            await using var fixture = new WorkerFixture();
            Configure(fixture, context);
            (fixture.Job.MaxSequences, fixture.Job.ArenaTokens) = (maxSequences, arenaTokens);
            fixture.Job.Sampling = new SamplingParams { MaxTokens = 6, Temperature = 1, Seed = 3, TopLogprobs = 1 };
            WriteLong("docs/long.txt", 1500, fixture);
            WriteShort(fixture);
            await fixture.SubmitAsync();
            await fixture.WorkAsync();
            Assert.Equal("", await fixture.ReadAsync(fixture.Artifacts.Errors));
            return await fixture.ReadAsync(fixture.Artifacts.Output);
        }

        Assert.Equal(await RunAsync(1, 700), await RunAsync(8, 6000));
    }

    [Fact]
    public async Task Calls_that_have_finished_are_not_made_again_after_a_drain()
    {
        Configure(_fixture, 120);
        WriteLong("docs/long.txt", 1500);
        await _fixture.SubmitAsync();
        await using var calm = new WorkerFixture();
        Configure(calm, 120);
        WriteLong("docs/long.txt", 1500, calm);
        await calm.SubmitAsync();
        long all = await calm.WorkAsync();

        using var interrupt = new CancellationTokenSource();
        using var isOver = new ManualResetEventSlim();
        int steps = 0;
        _fixture.Job.BeforeStep = _ =>
        {
            if (++steps < 60)
                return;
            interrupt.Cancel();
            Assert.True(isOver.Wait(TimeSpan.FromSeconds(30), Stop));
        };
        await _fixture.WorkAsync(options: new WorkerOptions { DrainTime = TimeSpan.Zero, Log = _ => isOver.Set() }, interrupt: interrupt);
        int kept = await _fixture.CountKeptCallsAsync(0);
        Assert.InRange(kept, 5, all - 5);

        _fixture.Job.BeforeStep = null;
        Assert.Equal(all - kept, await _fixture.WorkAsync());
        Assert.Equal(await calm.ReadAsync(calm.Artifacts.Output), await _fixture.ReadAsync(_fixture.Artifacts.Output));
    }

    [Fact]
    public async Task Summaries_that_cannot_be_joined_are_the_document_s_error()
    {
        _fixture.Job.Sampling = new SamplingParams { MaxTokens = 250 };
        WriteLong("docs/long.txt", 2400);
        WriteShort();
        await _fixture.SubmitAsync();
        await _fixture.WorkAsync();
        Assert.Equal(5, (await LinesAsync()).Count);
        Assert.Contains("\"code\":\"reduce_not_converging\"", await _fixture.ReadAsync(_fixture.Artifacts.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Question_about_a_document_that_is_too_long_is_its_error_as_before()
    {
        _fixture.Job.Task = PromptTask.Ask(["Who?"]);
        WriteLong("docs/long.txt", 2400);
        await _fixture.SubmitAsync();
        Assert.Equal(1, await _fixture.WorkAsync());
        Assert.Contains("\"code\":\"context_length_exceeded\"", await _fixture.ReadAsync(_fixture.Artifacts.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_of_other_reading_rules_is_given_back_and_the_log_says_why()
    {
        WriteShort();
        await _fixture.SubmitAsync(m => m with { Rules = new Batch.Jobs.ReadingRules(1, 2, 1) });
        var log = new List<string>();
        Assert.Equal(0, await _fixture.WorkUntilIdleAsync(log: log.Add));
        Assert.Contains("Run it with the version of mixbatch that submitted it, or submit it again.", Assert.Single(log), StringComparison.Ordinal);
        Assert.Equal(1, (await _fixture.Queue.CountAsync(Stop)).Delayed);
    }

    private static void Configure(WorkerFixture fixture, int? context) => (fixture.Job.Task, fixture.Job.SpeaksWords) = (PromptTask.Summarize with { ContextTokens = context }, true);

    private void WriteShort() => WriteShort(_fixture);

    private static void WriteShort(WorkerFixture fixture)
    {
        for (int i = 0; i < 5; i++)
            fixture.Job.Folder.Write($"docs/doc-{i}.txt", string.Join(' ', Enumerable.Repeat($"w{i}", 5 + i)));
    }

    private string WriteLong(string path, int words) => WriteLong(path, words, _fixture);

    private static string WriteLong(string path, int words, WorkerFixture fixture)
    {
        string text = string.Join(' ', Enumerable.Range(0, words).Select(i => i % 20 == 19 ? "end.\n" : $"w{i % 7}"));
        fixture.Job.Folder.Write(path, text);
        return text;
    }

    private async Task<List<JsonElement>> LinesAsync() =>
        [.. (await _fixture.ReadAsync(_fixture.Artifacts.Output)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
}
