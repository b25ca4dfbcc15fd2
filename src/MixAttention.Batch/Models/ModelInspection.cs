using System.Text.Json;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Families;
using MixAttention.Model.Tokenization;

namespace MixAttention.Batch.Models;

/// <summary>Everything that can be said about a model folder, and everything that is wrong with it.</summary>
/// <param name="Facts">Null when configuration or weights cannot be used.</param>
/// <param name="TokenizerVocabulary">Ids that the tokenizer knows; null without a usable tokenizer.</param>
/// <param name="EndTokenIds">Ids that end an answer.</param>
/// <param name="HasChatTemplate">Whether prompts go through a chat template.</param>
/// <param name="Problems">Each with its cure; empty for a sound model.</param>
public sealed record ModelInspection(ModelFacts? Facts, int? TokenizerVocabulary, IReadOnlyList<int> EndTokenIds, bool HasChatTemplate, IReadOnlyList<string> Problems)
{
    /// <summary>Inspects a folder; problems of configuration, weights, tokenizer and chat template are all found at once.</summary>
    /// <exception cref="BatchException">There is no such folder.</exception>
    public static ModelInspection Of(string folder)
    {
        var problems = new List<string>();
        var facts = Try(() => ModelFacts.Read(folder), problems);
        if (facts is null)
            AddConfigProblems(folder, problems);

        using var tokenizer = Try(() => Tokenizer.Load(folder), problems);
        if (tokenizer is null && problems.Count > 0)
            problems[^1] += " Without a tokenizer mixbatch bench works, and run, submit and eval do not."; // Loading it has said so last.
        var template = tokenizer is null ? null : Try(() => ChatTemplate.Load(folder, tokenizer), problems);
        if (facts is not null && tokenizer is not null && tokenizer.VocabularySize > facts.Spec.VocabularySize)
            problems.Add($"tokenizer.json has ids up to {tokenizer.VocabularySize - 1}, and the embedding has {facts.Spec.VocabularySize} rows. Use the tokenizer that belongs to the model.");
        return new ModelInspection(facts, tokenizer?.VocabularySize, [.. (facts?.Spec.EndTokenIds ?? []).Union(tokenizer?.EndTokenIds ?? [])], template is not null, problems);
    }

    /// <summary>Reads the configuration by itself: damaged weights would otherwise hide what is wrong with it.</summary>
    private static void AddConfigProblems(string folder, List<string> problems)
    {
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path) || problems.Any(p => p.StartsWith("config.json", StringComparison.Ordinal)))
            return;
        try
        {
            using var config = JsonDocument.Parse(File.ReadAllBytes(path));
            Try(() => DecoderSpecReader.Read(config.RootElement, []), problems);
        }
        catch (JsonException)
        {
            // The checkpoint has said so.
        }
    }

    private static T? Try<T>(Func<T?> read, List<string> problems)
        where T : class
    {
        try
        {
            return read();
        }
        catch (CheckpointException e)
        {
            problems.AddRange(e.Problems.Select(p => p.Message));
        }
        catch (ConfigException e)
        {
            problems.AddRange(e.Problems.Select(p => $"config.json: {p}"));
        }
        catch (Exception e) when (e is TokenizerException or ChatTemplateException)
        {
            problems.Add(e.Message);
        }

        return null;
    }
}
