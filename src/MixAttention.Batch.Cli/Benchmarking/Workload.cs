using System.Globalization;
using System.Text.RegularExpressions;
using MixAttention.Engine;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Cli.Benchmarking;

/// <summary>A mix of equal requests, written NxP+G: N requests of P prompt tokens and G answer tokens each.</summary>
internal sealed partial record Workload(int Requests, int PromptTokens, int AnswerTokens)
{
    /// <summary>Reads NxP+G.</summary>
    public static Workload? TryParse(string text)
    {
        var match = Pattern().Match(text);
        int[] numbers = [.. match.Groups.Values.Skip(1).Select(g => int.TryParse(g.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0)];
        return match.Success && numbers.All(n => n > 0) ? new Workload(numbers[0], numbers[1], numbers[2]) : null;
    }

    /// <summary>Makes the requests: greedy, with exactly G tokens, end tokens being like any others.</summary>
    /// <param name="seed">Gives the prompts.</param>
    /// <param name="vocabularySize">The model's.</param>
    public IEnumerable<GenerationRequest> CreateRequests(ulong seed, int vocabularySize) => Enumerable.Range(0, Requests).Select(i => new GenerationRequest
    {
        CustomId = i.ToString(CultureInfo.InvariantCulture),
        PromptIds = SyntheticPrompt.Create(seed, i, vocabularySize, PromptTokens),
        Sampling = new SamplingParams { MaxTokens = AnswerTokens, IgnoreEndTokens = true },
    });

    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Requests}x{PromptTokens}+{AnswerTokens}");

    [GeneratedRegex("^([0-9]+)x([0-9]+)\\+([0-9]+)$")]
    private static partial Regex Pattern();
}
