using MixAttention.Engine.Sampling;
using MixAttention.Engine.Scheduling;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Tests.Scheduling;

public sealed class RequestCheckTests
{
    // 8 bytes a token, no rings; the budget holds 2.5 MB.
    private static readonly KvGeometry Geometry = new(new AttentionLayout([new(null, 0)]), kvHeads: 1, headDim: 2, bytesPerElement: 2);
    private static readonly RequestCheck Check = new(vocabularySize: 100, maxSequenceLength: 1_000_000, Geometry, arenaElements: 1_250_000, hasTokenizer: true);

    [Fact]
    public void A_sound_request_passes()
    {
        var sampling = new SamplingParams
        {
            MaxTokens = 10,
            Temperature = 2,
            TopK = 5,
            TopP = 0.5,
            MinP = 1,
            RepetitionPenalty = 1.5,
            PresencePenalty = -2,
            FrequencyPenalty = 2,
            TopLogprobs = 20,
            Stop = ["x"],
            StopTokenIds = [99],
            LogitBias = new Dictionary<int, double> { [0] = -100, [99] = 100 },
        };

        Assert.Null(Check.Check(Request(10) with { Sampling = sampling, ForkPosition = 10 }));
    }

    [Fact]
    public void A_request_that_is_too_long_for_the_model_learns_by_how_much()
    {
        var error = new RequestCheck(100, maxSequenceLength: 8192, Geometry, 1_250_000, hasTokenizer: false).Check(Request(8000, maxTokens: 256));

        Assert.Equal("context_length_exceeded", error?.Code);
        Assert.Equal(
            "The prompt has 8000 tokens and max_tokens is 256, 8256 together; the model takes at most 8192, so the request is 64 tokens too long. " +
            "Shorten or split the document, or lower max_tokens.", error?.Message);
    }

    [Fact]
    public void A_request_that_is_too_large_for_the_budget_learns_what_it_needs()
    {
        var error = Check.Check(Request(400_000, maxTokens: 100));

        Assert.Equal("token_budget_exceeded", error?.Code);
        Assert.Equal(
            "The request needs 3200800 bytes of KV memory for 400000 prompt tokens and max_tokens 100; the whole budget is 2500000 bytes. " +
            "Give --memory 4MiB or more, shorten the document, or lower max_tokens.", error?.Message);
    }

    [Theory]
    [InlineData(312_490, null)]
    [InlineData(312_491, "token_budget_exceeded")]
    public void The_last_byte_of_the_budget_can_be_used(int promptLength, string? code) => Assert.Equal(code, Check.Check(Request(promptLength, maxTokens: 10))?.Code);

    [Theory]
    [InlineData(999_999, null)]
    [InlineData(1_000_000, "context_length_exceeded")]
    [InlineData(int.MaxValue, "context_length_exceeded")]
    public void The_models_last_position_can_be_used(int maxTokens, string? code) =>
        Assert.Equal(code, new RequestCheck(100, 1_000_000, Geometry, long.MaxValue / 8, hasTokenizer: false).Check(Request(1, maxTokens))?.Code);

    public static TheoryData<string, GenerationRequest> BadRequests => new()
    {
        { "prompt is empty", Request(0) },
        { "token 1 is 100", Request(1) with { PromptIds = new[] { 1, 100 } } },
        { "token 0 is -1", Request(1) with { PromptIds = new[] { -1, 1 } } },
        { "fork position is 6", Request(5) with { ForkPosition = 6 } },
        { "fork position is -1", Request(5) with { ForkPosition = -1 } },
        { "max_tokens is 0", With(new() { MaxTokens = 0 }) },
        { "temperature is -1", With(new() { Temperature = -1 }) },
        { "temperature is NaN", With(new() { Temperature = double.NaN }) },
        { "top_k is -1", With(new() { TopK = -1 }) },
        { "top_p is 0", With(new() { TopP = 0 }) },
        { "top_p is 1.1", With(new() { TopP = 1.1 }) },
        { "top_p is NaN", With(new() { TopP = double.NaN }) },
        { "min_p is -0.1", With(new() { MinP = -0.1 }) },
        { "repetition_penalty is 0", With(new() { RepetitionPenalty = 0 }) },
        { "presence_penalty is 2.1", With(new() { PresencePenalty = 2.1 }) },
        { "frequency_penalty is -2.1", With(new() { FrequencyPenalty = -2.1 }) },
        { "top_logprobs is 21", With(new() { TopLogprobs = 21 }) },
        { "stop has 17 texts", With(new() { Stop = [.. Enumerable.Repeat("x", 17)] }) },
        { "stop holds an empty text", With(new() { Stop = [""] }) },
        { "stop_token_ids holds 100", With(new() { StopTokenIds = [100] }) },
        { "logit_bias names token 100", With(new() { LogitBias = new Dictionary<int, double> { [100] = 1 } }) },
        { "logit_bias of token 5 is 101", With(new() { LogitBias = new Dictionary<int, double> { [5] = 101 } }) },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public void A_bad_request_is_named(string problem, GenerationRequest request)
    {
        var error = Check.Check(request);

        Assert.Equal("invalid_request", error?.Code);
        Assert.Contains(problem, error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_are_named_at_once()
    {
        var error = Check.Check(Request(0) with { Sampling = new() { MaxTokens = 0, TopP = 2 } });

        Assert.Equal("The prompt is empty. Give at least one token. max_tokens is 0; give 1 or more. top_p is 2; give more than 0 and at most 1.", error?.Message);
    }

    [Fact]
    public void Stop_strings_need_a_tokenizer()
    {
        var error = new RequestCheck(100, 1000, Geometry, 1_250_000, hasTokenizer: false).Check(With(new() { Stop = ["x"] }));

        Assert.Contains("Use stop_token_ids", error?.Message, StringComparison.Ordinal);
    }

    private static GenerationRequest With(SamplingParams sampling) => Request(5) with { Sampling = sampling };

    private static GenerationRequest Request(int promptLength, int maxTokens = 10) =>
        new() { CustomId = "r", PromptIds = new int[promptLength], Sampling = new SamplingParams { MaxTokens = maxTokens } };
}
