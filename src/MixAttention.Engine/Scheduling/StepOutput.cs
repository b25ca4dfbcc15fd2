using MixAttention.Engine.Sampling;

namespace MixAttention.Engine.Scheduling;

/// <summary>A token that a step produced, or the reason why a sequence got none.</summary>
/// <param name="SequenceId">The sequence's number.</param>
/// <param name="TokenId">The token; meaningless with a problem.</param>
/// <param name="Logprobs">Log-probabilities where asked for.</param>
/// <param name="Problem">Why there is no token; null when there is one.</param>
internal readonly record struct SampledToken(int SequenceId, int TokenId, TokenLogprobs? Logprobs = null, string? Problem = null);

/// <summary>Says what one step produced: one entry per row of logits of its plan, in the plan's order. A value: printable and replayable.</summary>
internal sealed record StepOutput(IReadOnlyList<SampledToken> Tokens)
{
    /// <inheritdoc />
    public override string ToString() => $"output: {string.Join(' ', Tokens.Select(t => $"{t.SequenceId}→{t.Problem ?? t.TokenId.ToString(System.Globalization.CultureInfo.InvariantCulture)}"))}";
}
