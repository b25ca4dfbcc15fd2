using System.Text;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Records;

/// <summary>Writes log-probabilities as OpenAI does.</summary>
/// <param name="decodeToken">Turns one token into text.</param>
internal sealed class LogprobsFormat(Func<int, string> decodeToken)
{
    private const double Least = -9999; // JSON has no minus infinity.

    /// <summary>Writes them as chat answers have them.</summary>
    public CompletionLogprobs Chat(IReadOnlyList<TokenLogprobs> positions) => new() { Content = [.. positions.Select(Convert)] };

    /// <summary>Writes them as continued texts have them.</summary>
    public CompletionLogprobs Text(IReadOnlyList<TokenLogprobs> positions)
    {
        string[] tokens = [.. positions.Select(p => decodeToken(p.Token.TokenId))];
        var offsets = new int[tokens.Length];
        for (int i = 1; i < tokens.Length; i++)
            offsets[i] = offsets[i - 1] + tokens[i - 1].EnumerateRunes().Count();
        return new CompletionLogprobs
        {
            TextOffset = offsets,
            TokenLogprobs = [.. positions.Select(p => Math.Max(p.Token.Logprob, Least))],
            Tokens = tokens,
            TopLogprobs = [.. positions.Select(Top)],
        };
    }

    /// <summary>Lists the most likely tokens by their texts, and the chosen one; of two with one text the likelier stands for both.</summary>
    private Dictionary<string, double> Top(TokenLogprobs position)
    {
        var top = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var entry in position.Top.Append(position.Token))
            top.TryAdd(decodeToken(entry.TokenId), Math.Max(entry.Logprob, Least));
        return top;
    }

    private ChatTokenLogprob Convert(TokenLogprobs position)
    {
        var (token, logprob, bytes) = Convert(position.Token);
        return new ChatTokenLogprob(token, logprob, bytes, [.. position.Top.Select(Convert)]);
    }

    private ChatTopLogprob Convert(TokenLogprob entry)
    {
        string token = decodeToken(entry.TokenId);

        // A token that is part of a character has no text of its own, and so no bytes that could be shown.
        bool isWhole = !token.Contains('\uFFFD', StringComparison.Ordinal);
        return new ChatTopLogprob(token, Math.Max(entry.Logprob, Least), isWhole ? [.. Encoding.UTF8.GetBytes(token).Select(b => (int)b)] : null);
    }
}
