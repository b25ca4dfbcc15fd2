namespace MixAttention.Batch.Shards;

/// <summary>A finished call of a request that needs several, as the checkpoint keeps it.</summary>
/// <param name="Row">The request.</param>
/// <param name="Id">The call's name among those of the request, the same in every run.</param>
/// <param name="Text">The answer.</param>
/// <param name="IsCutShort">Whether its limit ended it.</param>
/// <param name="PromptTokens">Tokens that went in.</param>
/// <param name="CompletionTokens">Tokens that came out.</param>
internal sealed record CallLine(int Row, string Id, string Text, bool IsCutShort, int PromptTokens, int CompletionTokens);
