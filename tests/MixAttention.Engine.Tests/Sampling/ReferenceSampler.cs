using MixAttention.Engine.Sampling;

namespace MixAttention.Engine.Tests.Sampling;

/// <summary>The sampler's rules in the plainest form: float64, whole sorts, no shortcuts.</summary>
internal static class ReferenceSampler
{
    /// <summary>A token kept by the filters, and its share of the draw.</summary>
    public sealed record Kept(int Id, double Share);

    /// <summary>Applies bias, penalties, temperature, min-p, top-k and top-p.</summary>
    /// <param name="margin">How close a filter came to another decision, as a share; rounding may decide below 1e-5.</param>
    public static IReadOnlyList<Kept> Filter(float[] logits, SamplingParams parameters, int[] prompt, int[] answer, out double margin)
    {
        var adjusted = Adjust(logits, parameters, prompt, answer);
        double best = adjusted.Max();
        var ordered = adjusted.Select((logit, id) => (Id: id, Weight: Math.Exp((logit - best) / parameters.Temperature)))
            .OrderByDescending(t => adjusted[t.Id]).ThenBy(t => t.Id).ToList();

        margin = parameters.MinP > 0 ? ordered.Min(t => Math.Abs(t.Weight - parameters.MinP)) : 1;
        ordered.RemoveAll(t => t.Weight < parameters.MinP);
        if (parameters.TopK > 0)
            ordered = [.. ordered.Take(parameters.TopK)];
        if (parameters.TopP < 1)
        {
            double total = ordered.Sum(t => t.Weight), reached = 0;
            int count = 0;
            do
            {
                reached += ordered[count++].Weight;
                margin = Math.Min(margin, Math.Abs((reached / total) - parameters.TopP));
            }
            while (reached < parameters.TopP * total && count < ordered.Count);
            ordered = [.. ordered.Take(count)];
        }

        double sum = ordered.Sum(t => t.Weight);
        return [.. ordered.OrderBy(t => t.Id).Select(t => new Kept(t.Id, t.Weight / sum))];
    }

    /// <summary>Draws with a number of [0, 1).</summary>
    public static int Draw(IReadOnlyList<Kept> kept, double number, out double margin)
    {
        double reached = 0;
        margin = 1;
        int? drawn = null;
        foreach (var token in kept)
        {
            reached += token.Share;
            margin = Math.Min(margin, Math.Abs(reached - number));
            if (reached > number)
                drawn ??= token.Id;
        }

        return drawn ?? kept[^1].Id;
    }

    public static double[] Adjust(float[] logits, SamplingParams parameters, int[] prompt, int[] answer) =>
        [.. logits.Select((logit, id) =>
        {
            double value = logit + (parameters.LogitBias.TryGetValue(id, out double bias) ? (float)bias : 0);
            if (prompt.Contains(id) || answer.Contains(id))
                value = value > 0 ? value / parameters.RepetitionPenalty : value * parameters.RepetitionPenalty;
            int count = answer.Count(t => t == id);
            return value - (parameters.FrequencyPenalty * count) - (count > 0 ? parameters.PresencePenalty : 0);
        })];
}
