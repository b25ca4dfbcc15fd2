using MixAttention.Engine.Sampling;
using MixAttention.Engine.Scheduling;
using MixAttention.Model.Layouts;

namespace MixAttention.Engine.Tests.Scheduling;

public sealed class SequenceStateTests
{
    private const int EndToken = 9;

    [Fact]
    public void An_end_token_stops_the_answer_and_is_counted_but_not_returned()
    {
        var result = Run(new() { MaxTokens = 5 }, [3, 4, EndToken]);

        Assert.Equal(FinishReason.Stop, result.FinishReason);
        Assert.Equal([3, 4], result.TokenIds);
        Assert.Equal(3, result.CompletionTokens);
    }

    [Fact]
    public void The_maximum_of_tokens_ends_the_answer_as_length()
    {
        var result = Run(new() { MaxTokens = 3 }, [3, 4, 5]);

        Assert.Equal(FinishReason.Length, result.FinishReason);
        Assert.Equal([3, 4, 5], result.TokenIds);
        Assert.Equal(3, result.CompletionTokens);
    }

    [Fact]
    public void An_end_token_in_the_last_place_counts_as_stop() => Assert.Equal(FinishReason.Stop, Run(new() { MaxTokens = 1 }, [EndToken]).FinishReason);

    [Fact]
    public void A_stop_id_stops_the_answer_like_an_end_token()
    {
        var result = Run(new() { MaxTokens = 5, StopTokenIds = [4], IgnoreEndTokens = true }, [3, EndToken, 4]);

        Assert.Equal(FinishReason.Stop, result.FinishReason);
        Assert.Equal([3, EndToken], result.TokenIds);
    }

    [Fact]
    public void A_stop_string_stops_the_answer_and_keeps_its_tokens()
    {
        var result = Run(new() { MaxTokens = 9, Stop = ["de"] }, [1, 2, 3, 4, 5], Letters);

        Assert.Equal(FinishReason.Stop, result.FinishReason);
        Assert.Equal([1, 2, 3, 4, 5], result.TokenIds);
        Assert.Equal("abc", result.Text);
    }

    [Fact]
    public void Text_held_back_at_the_end_is_returned()
    {
        Assert.Equal("ab…", Run(new() { MaxTokens = 9 }, [1, 2, EndToken], Letters).Text);
        Assert.Equal("ab…", Run(new() { MaxTokens = 2 }, [1, 2], Letters).Text);
    }

    [Fact]
    public void Without_a_tokenizer_there_is_no_text() => Assert.Null(Run(new() { MaxTokens = 1 }, [1]).Text);

    [Fact]
    public void Log_probabilities_are_kept_for_each_token_returned()
    {
        var sequence = Running(new() { MaxTokens = 5, TopLogprobs = 0 });
        foreach (int id in (int[])[3, 4, EndToken])
            sequence.Accept(new SampledToken(0, id, new TokenLogprobs(new(id, -id), [])));

        Assert.Equal([3, 4], sequence.ToResult(0).Logprobs!.Select(l => l.Token.TokenId));
    }

    [Fact]
    public void Logits_that_are_no_distribution_end_the_answer_as_an_error()
    {
        var sequence = Running(new() { MaxTokens = 5 });
        sequence.Accept(new SampledToken(0, -1, Problem: "NaN"));

        Assert.Equal(FinishReason.Error, sequence.FinishReason);
        Assert.Equal(new GenerationError("inference_error", "NaN"), sequence.ToResult(0).Error);
    }

    [Fact]
    public void A_sequence_cannot_go_backwards()
    {
        var running = Running(new() { MaxTokens = 1 });
        Assert.Throws<InvalidOperationException>(() => running.Start(0, Untrimmed, Untrimmed));
        Assert.Throws<InvalidOperationException>(() => running.ToResult(0));
        running.Accept(new SampledToken(0, 3));

        Assert.Throws<InvalidOperationException>(() => running.Accept(new SampledToken(0, 3)));
        Assert.Throws<InvalidOperationException>(() => running.Relocate(5));
        Assert.Throws<InvalidOperationException>(running.Cancel);
        Assert.Throws<InvalidOperationException>(() => Waiting(new()).NextChunk(8));
        Assert.Throws<InvalidOperationException>(() => Waiting(new()).Accept(new SampledToken(0, 3)));
    }

    private static PrefillTrim Untrimmed => PrefillTrim.None(EngineFixture.Mixed.Layout, 4);

    private static TokenText Letters => new(id => ((char)('a' + id - 1)).ToString(), () => "…");

    private static GenerationResult Run(SamplingParams sampling, int[] tokens, TokenText? text = null)
    {
        var sequence = Running(sampling, text);
        foreach (int id in tokens)
        {
            Assert.Equal(SequenceStatus.Running, sequence.Status);
            sequence.Accept(new SampledToken(0, id));
        }

        return sequence.ToResult(kvBytes: 0);
    }

    private static SequenceState Running(SamplingParams sampling, TokenText? text = null)
    {
        var sequence = Waiting(sampling, text);
        sequence.Start(offset: 0, Untrimmed, Untrimmed);
        return sequence;
    }

    private static SequenceState Waiting(SamplingParams sampling, TokenText? text = null)
    {
        var request = new GenerationRequest { CustomId = "r", PromptIds = new[] { 1, 2, 3, 4 }, Sampling = sampling };
        return new SequenceState(0, request, new RequestClock(TimeProvider.System), new HashSet<int> { EndToken }, text is { } source ? new AnswerText(source, sampling.Stop) : null);
    }
}
