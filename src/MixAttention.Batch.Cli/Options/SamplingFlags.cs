using System.CommandLine;
using System.Globalization;
using MixAttention.Batch.Inputs;
using MixAttention.Engine.Sampling;
using MixAttention.Model.Spec;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The options that say how tokens are chosen.</summary>
internal sealed class SamplingFlags
{
    private readonly Option<int> _maxTokens = Parsing.Integer("--max-tokens", "Most tokens of an answer.", new SamplingParams().MaxTokens, 1);
    private readonly Option<double> _temperature = Parsing.Number("--temperature", "0 takes the most likely token; higher is more random.", 0, 0, double.PositiveInfinity);
    private readonly Option<int> _topK = Parsing.Integer("--top-k", "Keep the N most likely tokens; 0 keeps all.", 0, 0);
    private readonly Option<double> _topP = Parsing.Number("--top-p", "Keep the most likely tokens that make up this probability.", 1, 0, 1, excludeLeast: true);
    private readonly Option<double> _minP = Parsing.Number("--min-p", "Drop tokens less likely than this share of the most likely one.", 0, 0, 1);
    private readonly Option<double> _repetition = Parsing.Number("--repetition-penalty", "Weaken tokens seen in prompt or answer by this factor; 1 is off.", 1, 0, double.PositiveInfinity, excludeLeast: true);
    private readonly Option<double> _presence = Parsing.Number("--presence-penalty", "Subtract from tokens already in the answer.", 0, -2, 2);
    private readonly Option<double> _frequency = Parsing.Number("--frequency-penalty", "Subtract per occurrence in the answer.", 0, -2, 2);
    private readonly Option<long> _seed = Parsing.Long("--seed", "Seed of random numbers; an answer depends on it, its custom_id and nothing else.");
    private readonly Option<string[]> _stop = Parsing.Many("--stop", "Text that ends an answer and is cut off; may be repeated.", "TEXT");
    private readonly Option<string[]> _stopTokens = Parsing.Many("--stop-token-id", "Token id that ends an answer; may be repeated.", "ID");
    private readonly Option<int?> _logprobs = Parsing.OptionalInteger("--logprobs", "Report log-probabilities of each token and of the N most likely in its place.", 0, 20);
    private readonly Option<string[]> _logitBias = Parsing.Many("--logit-bias", "Add to a token's logit, as ID=VALUE with VALUE from -100 to 100; may be repeated.", "ID=VALUE");

    public void AddTo(Command command)
    {
        Option[] options = [_maxTokens, _temperature, _topK, _topP, _minP, _repetition, _presence, _frequency, _seed, _stop, _stopTokens, _logprobs, _logitBias];
        foreach (var option in options)
            command.Add(option);
        _logitBias.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => !TryParseBias(t.Value, out _, out _)))
                result.AddError($"--logit-bias is '{token.Value}'. Give ID=VALUE with a token id and a number from -100 to 100.");
        });
        _stopTokens.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => !int.TryParse(t.Value, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
                result.AddError($"--stop-token-id is '{token.Value}'. Give a token id.");
        });
        _stop.Validators.Add(result =>
        {
            if (result.Tokens.Count > 16 || result.Tokens.Any(t => t.Value.Length == 0))
                result.AddError("--stop takes 1 to 16 texts, none of them empty.");
        });
    }

    public SamplingParams Read(ParseResult result) => new()
    {
        MaxTokens = result.GetValue(_maxTokens),
        Temperature = result.GetValue(_temperature),
        TopK = result.GetValue(_topK),
        TopP = result.GetValue(_topP),
        MinP = result.GetValue(_minP),
        RepetitionPenalty = result.GetValue(_repetition),
        PresencePenalty = result.GetValue(_presence),
        FrequencyPenalty = result.GetValue(_frequency),
        Seed = result.GetValue(_seed),
        Stop = result.GetValue(_stop)!, // it has a default
        StopTokenIds = [.. result.GetValue(_stopTokens)!.Select(id => int.Parse(id, CultureInfo.InvariantCulture))],
        TopLogprobs = result.GetValue(_logprobs),
        LogitBias = ReadBias(result.GetValue(_logitBias)!),
    };

    /// <summary>Reads what holds for rows of a batch file that do not say otherwise: OpenAI's defaults where nothing is given.</summary>
    /// <returns>The sampling, and the most tokens of an answer; null for OpenAI's rule.</returns>
    public (SamplingParams Sampling, int? MaxTokens) ReadForRows(ParseResult result)
    {
        var (asked, defaults) = (Read(result), new BodyDefaults());
        int? maxTokens = CheckedCommand.IsGiven(result, _maxTokens) ? asked.MaxTokens : null;
        return (asked with
        {
            Temperature = CheckedCommand.IsGiven(result, _temperature) ? asked.Temperature : defaults.Sampling.Temperature,
            MaxTokens = maxTokens ?? BodyDefaults.CompletionMaxTokens,
        }, maxTokens);
    }

    /// <summary>Checks lengths and token ids among the parameters, once the model is known.</summary>
    /// <exception cref="BatchException">An answer would be longer than the model takes, or ids lie outside its vocabulary.</exception>
    public static void Check(SamplingParams sampling, DecoderSpec model)
    {
        if (sampling.MaxTokens >= model.MaxSequenceLength)
            throw BatchException.Usage($"--max-tokens is {sampling.MaxTokens}, and the model takes {model.MaxSequenceLength} tokens, prompt and answer together. Give at most {model.MaxSequenceLength - 1}.");
        int vocabularySize = model.VocabularySize;
        var outside = sampling.StopTokenIds.Select(id => ("--stop-token-id", id)).Concat(sampling.LogitBias.Keys.Select(id => ("--logit-bias", id)))
            .Where(o => (uint)o.id >= (uint)vocabularySize).Select(o => $"{o.Item1} names token {o.id}").ToList();
        if (outside.Count > 0)
            throw BatchException.Usage($"{string.Join(", ", outside)}; the model's tokens are 0 to {vocabularySize - 1}.");
    }

    private static Dictionary<int, double> ReadBias(string[] texts)
    {
        var bias = new Dictionary<int, double>();
        foreach (string text in texts)
        {
            if (TryParseBias(text, out int id, out double value))
                bias[id] = value;
        }

        return bias;
    }

    private static bool TryParseBias(string text, out int id, out double value)
    {
        string[] parts = text.Split('=', 2);
        value = 0;
        return int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out id)
            && parts.Length == 2
            && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            && value is >= -100 and <= 100;
    }
}
