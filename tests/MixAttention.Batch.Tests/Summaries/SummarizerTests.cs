using CsCheck;
using MixAttention.Batch.Prompts;
using MixAttention.Batch.Summaries;
using MixAttention.Batch.Tests.Support;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;
using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Tests.Summaries;

public sealed class SummarizerTests : IDisposable
{
    private const int MaxTokens = 12;

    private static readonly Gen<string> Texts = Gen.OneOf([.. new[]
    {
        "word", "Grüße", " ", " ", ". ", "\n", "\n\n", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", "# Heading\n", "漢字。", "👩‍👩‍👧‍👦", "<|im_end|>", "\ud83d", "\ufdd0", new string('x', 90),
    }.Select(Gen.Const)]).Array[200, 600].Select(string.Concat);

    private static readonly Gen<(string Text, int Context, int Seed)> Cases = Gen.Select(Texts, Gen.Int[110, 200], Gen.Int);

    private readonly JobFixture _job = new();

    public void Dispose() => _job.Dispose();

    [Fact]
    public void Every_character_is_read_once_and_no_prompt_is_too_long() => Cases.Sample(
        c =>
        {
            var (outcome, asked) = Run(c.Text, c.Context, c.Seed, Echo);
            Assert.Null(outcome.Result.Error);
            Assert.Equal((1.0, false), (outcome.Summary!.Coverage, outcome.Summary.Truncated));
            Assert.Equal([[0, c.Text.Length]], outcome.Summary.Spans);
            Assert.All(asked, a => Assert.InRange(a.Request.PromptIds.Length, 1, c.Context - MaxTokens));
            string read = string.Concat(asked.Where(a => a.Id.StartsWith("map", StringComparison.Ordinal)).OrderBy(a => a.Id, StringComparer.Ordinal).Select(a => TextOf(a.Request)));
            Assert.Equal(Letters(Tokenizer.CleanDocument(c.Text)), Letters(read));
        },
        iter: 40);

    [Fact]
    public void Calls_and_result_are_the_same_in_whatever_order_answers_come() => Cases.Sample(
        c =>
        {
            var first = Run(c.Text, c.Context, c.Seed, Echo);
            var second = Run(c.Text, c.Context, c.Seed + 1, Echo);
            Assert.Equal(Describe(first.Asked), Describe(second.Asked));
            Assert.Equal(Describe(first.Outcome.Result), Describe(second.Outcome.Result));
        },
        iter: 20);

    [Fact]
    public void Usage_is_that_of_all_calls_and_the_answer_is_the_last_one()
    {
        var (outcome, asked) = Run(Words(600), 120, 1, Echo);
        Assert.True(outcome.Summary!.Depth > 1);
        Assert.Equal(asked.Sum(a => a.Request.PromptIds.Length), outcome.Result.PromptTokens);
        Assert.Equal(3 * asked.Count, outcome.Result.CompletionTokens);
        Assert.Equal($"about {asked[^1].Id}", outcome.Result.Text);
        Assert.Equal("map_reduce", outcome.Summary.Strategy);
    }

    [Fact]
    public void Few_calls_are_open_at_once_and_every_call_has_random_numbers_of_its_own()
    {
        var (_, asked) = Run(Words(3000), 120, 1, Echo);
        Assert.Equal(16, asked.Max(a => a.OpenBefore) + 1);
        Assert.Equal(asked.Count, asked.Select(a => a.Request.CustomId).Distinct().Count());
        Assert.Contains("doc.txt/map-00000", asked.Select(a => a.Request.CustomId));
    }

    [Fact]
    public void What_is_the_same_in_all_maps_comes_first_and_is_shared()
    {
        var (_, asked) = Run(Words(600), 120, 1, Echo);
        var maps = asked.Where(a => a.Id.StartsWith("map", StringComparison.Ordinal)).Select(a => a.Request).ToList();
        Assert.All(maps, m => Assert.True(m.ForkPosition > 5 && m.ExpectsSharers));
        Assert.All(maps, m => Assert.Equal(maps[0].PromptIds[..maps[0].ForkPosition].ToArray(), m.PromptIds[..m.ForkPosition].ToArray()));
        Assert.EndsWith("Summarize the document.", _job.Tokenizer.Decode(maps[0].PromptIds.ToArray()).Split("Summarize the document.")[0] + "Summarize the document.", StringComparison.Ordinal);
    }

    [Fact]
    public void Log_probabilities_are_asked_for_once()
    {
        var (_, asked) = Run(Words(600), 120, 1, Echo, new SamplingParams { MaxTokens = MaxTokens, TopLogprobs = 2 });
        Assert.Equal([asked[^1].Id], asked.Where(a => a.Request.Sampling.TopLogprobs is not null).Select(a => a.Id));
    }

    [Fact]
    public void Fault_37_map_that_its_limit_cut_short_marks_the_summary()
    {
        var (outcome, _) = Run(Words(600), 120, 1, (request, id) => Echo(request, id) with { FinishReason = id == "map-00001" ? FinishReason.Length : FinishReason.Stop });
        Assert.True(outcome.Summary!.Truncated);
        Assert.Equal(FinishReason.Stop, outcome.Result.FinishReason);
    }

    [Fact]
    public void Fault_37_map_that_says_nothing_leaves_the_summary_to_the_others()
    {
        var (outcome, asked) = Run(Words(600), 120, 1, (request, id) => Echo(request, id) with { Text = id == "map-00001" ? " \n" : $"about {id}" });
        Assert.Null(outcome.Result.Error);
        string reduced = TextOf(asked.Single(a => a.Id == "reduce-1-00000").Request);
        Assert.Contains("about map-00000\n\nabout map-00002", reduced, StringComparison.Ordinal);
    }

    [Fact]
    public void Fault_37_maps_that_all_say_nothing_are_an_empty_output_and_nothing_is_joined()
    {
        var (outcome, asked) = Run(Words(600), 120, 1, (request, id) => Echo(request, id) with { Text = "" });
        Assert.Equal("empty_output", outcome.Result.Error!.Code);
        Assert.All(asked, a => Assert.StartsWith("map", a.Id, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(60)]
    [InlineData(70)]
    public void Fault_37_summaries_of_which_no_two_fit_into_a_prompt_do_not_converge(int maxTokens)
    {
        var (outcome, asked) = Run(Words(600), 200, 1, Echo, new SamplingParams { MaxTokens = maxTokens });
        Assert.Equal("reduce_not_converging", outcome.Result.Error!.Code);
        Assert.Contains("Lower --max-tokens", outcome.Result.Error.Message, StringComparison.Ordinal);
        Assert.Empty(asked);
    }

    [Fact]
    public void Fault_37_summaries_that_are_longer_than_their_tokens_said_do_not_converge()
    {
        var (outcome, _) = Run(Words(600), 120, 1, (request, id) => Echo(request, id) with { Text = Words(40) });
        Assert.Equal("reduce_not_converging", outcome.Result.Error!.Code);
        Assert.StartsWith("reduce-1-00000: ", outcome.Result.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Context_with_no_room_for_text_is_refused()
    {
        var (outcome, asked) = Run(Words(600), 64, 1, Echo);
        Assert.Equal("context_length_exceeded", outcome.Result.Error!.Code);
        Assert.Empty(asked);
    }

    [Fact]
    public void Error_that_is_told_does_not_depend_on_the_order_of_answers()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var (outcome, asked) = Run(Words(3000), 120, seed, (request, id) => id.EndsWith('3') ? Fail(request, id) : Echo(request, id));
            Assert.Equal(("inference_error", "map-00003: no map-00003"), (outcome.Result.Error!.Code, outcome.Result.Error.Message));
            Assert.Null(outcome.Summary);
            Assert.DoesNotContain(asked, a => a.Id == "reduce-1-00000"); // It needs the map that failed.
        }
    }

    [Fact]
    public async Task Cancelled_call_leaves_no_result()
    {
        var summarizer = Create(120, new SamplingParams { MaxTokens = MaxTokens });
        Assert.Null(await summarizer.RunAsync("doc.txt", Words(600), 4096, (request, id) => Task.FromResult(Echo(request, id) with { FinishReason = id == "map-00002" ? FinishReason.Cancelled : FinishReason.Stop })));
    }

    [Theory]
    [InlineData(null, 100, false)]
    [InlineData(60, 100, true)]
    [InlineData(200, 50, true)]
    public void Several_calls_are_needed_where_prompt_and_answer_are_longer_than_one_takes(int? context, int maxSequenceLength, bool isNeeded) =>
        Assert.Equal(isNeeded, Create(context, new SamplingParams { MaxTokens = MaxTokens }).IsNeeded(new Prompt(new int[50], 0), maxSequenceLength));

    private Summarizer Create(int? context, SamplingParams sampling) => new(_job.Tokenizer, _job.ChatTemplate, PromptTask.Summarize with { ContextTokens = context }, sampling);

    /// <summary>Runs a summary whose answers come in a random order.</summary>
    private (SummaryOutcome Outcome, List<Asked> Asked) Run(string text, int context, int seed, Func<GenerationRequest, string, GenerationResult> answer, SamplingParams? sampling = null)
    {
        var random = new Random(seed);
        var asked = new List<Asked>();
        var open = new List<(TaskCompletionSource<GenerationResult> Source, GenerationResult Result)>();
        SummaryOutcome? outcome = null;
        var running = RunAsync();
        while (open.Count > 0)
        {
            var (source, result) = open[random.Next(open.Count)];
            open.Remove((source, result));
            source.SetResult(result); // Whoever waits goes on before this returns.
        }

        Assert.True(running.IsCompletedSuccessfully);
        return (outcome!, asked);

        async Task RunAsync() => outcome = await Create(context, sampling ?? new SamplingParams { MaxTokens = MaxTokens }).RunAsync("doc.txt", text, 4096, (request, id) =>
        {
            asked.Add(new Asked(id, request, open.Count));
            open.Add((new TaskCompletionSource<GenerationResult>(), answer(request, id)));
            return open[^1].Source.Task;
        });
    }

    private static GenerationResult Echo(GenerationRequest request, string id) => new()
    {
        CustomId = request.CustomId,
        TokenIds = [],
        Text = $"about {id}",
        FinishReason = FinishReason.Stop,
        PromptTokens = request.PromptIds.Length,
        CompletionTokens = 3,
    };

    private static GenerationResult Fail(GenerationRequest request, string id) => Echo(request, id) with { FinishReason = FinishReason.Error, Error = new GenerationError("inference_error", $"no {id}") };

    /// <summary>Takes the text to summarize out of a prompt.</summary>
    private string TextOf(GenerationRequest request)
    {
        string prompt = _job.Tokenizer.Decode(request.PromptIds.ToArray());
        int start = prompt.IndexOf("\n\n", prompt.IndexOf("What follows", StringComparison.Ordinal), StringComparison.Ordinal) + 2;
        return prompt[start..prompt.LastIndexOf("\n\nSummarize the document.", StringComparison.Ordinal)];
    }

    private static string Letters(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)));

    private static string Words(int count) => string.Join(' ', Enumerable.Range(0, count).Select(i => $"w{i % 7}"));

    private static IEnumerable<string> Describe(List<Asked> asked) => asked.OrderBy(a => a.Id, StringComparer.Ordinal).Select(a => $"{a.Id} {string.Join(',', a.Request.PromptIds.ToArray())}");

    private static string Describe(GenerationResult result) => $"{result.Text} {result.PromptTokens} {result.CompletionTokens} {result.FinishReason}";

    private sealed record Asked(string Id, GenerationRequest Request, int OpenBefore);
}
