using MixAttention.Batch.Prompts;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Inputs;

/// <summary>A request's prompt in token ids, or why there is none.</summary>
/// <param name="Prompt">The prompt; null when <paramref name="Error"/> is set.</param>
/// <param name="Sampling">How tokens are chosen, with the maximum of tokens filled in.</param>
/// <param name="Error">Why the request cannot run; null when it can.</param>
public sealed record RowPrompt(Prompt? Prompt, SamplingParams Sampling, GenerationError? Error);
