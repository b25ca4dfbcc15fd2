namespace MixAttention.Batch.Prompts;

/// <summary>A prompt in token ids.</summary>
/// <param name="TokenIds">At least one.</param>
/// <param name="ForkPosition">Leading tokens that lie inside the part that requests may share.</param>
public sealed record Prompt(int[] TokenIds, int ForkPosition);
