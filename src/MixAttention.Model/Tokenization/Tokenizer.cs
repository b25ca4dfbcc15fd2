using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Model.Tokenization;

/// <summary>Turns text into token ids and back, as the model's tokenizer.json says.</summary>
/// <remarks>
/// Safe for concurrent use. Special tokens are written as sentinels (<see cref="Sentinel"/>), never as their text: a document that contains the text of a special token
/// is encoded as ordinary text. Nothing is added to what is encoded; whether a prompt begins with a bos token is the template's or <see cref="AddBosToken"/>'s word.
/// </remarks>
public sealed class Tokenizer : IDisposable
{
    private const char SentinelStart = '\uFDD0';
    private const char SentinelEnd = '\uFDD1';

    private readonly Tokenizers.DotNet.Tokenizer _library;

    private Tokenizer(Tokenizers.DotNet.Tokenizer library, TokenTable table, TokenizerConfig config)
    {
        _library = library;
        Table = table;
        SpecialTokenText = new SpecialTokenText(table.SpecialTokens);
        Config = config;
    }

    /// <summary>Gets the number of ids, holes included: one more than the highest id.</summary>
    public int VocabularySize => Table.VocabularySize;

    /// <summary>Gets the ids of the special tokens by their text.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens => Table.SpecialTokens;

    /// <summary>Gets the id of the bos token; null when the model has none.</summary>
    public int? BosTokenId { get; private init; }

    /// <summary>Gets whether a prompt that no chat template made begins with the bos token.</summary>
    public bool AddBosToken { get; private init; }

    /// <summary>Gets what a prompt that no chat template made begins with: the sentinel of the bos token, or nothing.</summary>
    public string PromptStart => AddBosToken && BosTokenId is { } id ? Sentinel(id) : "";

    /// <summary>Gets the ids that end a text, from tokenizer_config.json and generation_config.json.</summary>
    public IReadOnlyList<int> EndTokenIds { get; private init; } = [];

    /// <summary>Gets the SHA-256 of tokenizer.json, in lower-case hexadecimal.</summary>
    public required string Digest { get; init; }

    /// <summary>Gets what decoding has to know of the tokens.</summary>
    internal TokenTable Table { get; }

    /// <summary>Gets the search for special tokens in trusted text.</summary>
    internal SpecialTokenText SpecialTokenText { get; }

    /// <summary>Gets what the folder's files say about special tokens and chat templates.</summary>
    internal TokenizerConfig Config { get; }

    /// <summary>Loads the tokenizer of a model folder.</summary>
    /// <param name="modelFolder">Holds tokenizer.json, and perhaps tokenizer_config.json, special_tokens_map.json and generation_config.json.</param>
    /// <exception cref="TokenizerException">A file is missing, broken or not supported; the message says what to do.</exception>
    public static Tokenizer Load(string modelFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelFolder);
        string path = Path.Combine(modelFolder, "tokenizer.json");
        if (!File.Exists(path))
            throw new TokenizerException($"{modelFolder} has no tokenizer.json. Download the model's tokenizer.json into it, or convert its tokenizer to that format.");
        try
        {
            return Load(path, JsonFile.ReadBytes(path), TokenizerConfig.Read(modelFolder));
        }
        catch (InvalidOperationException e) // thrown when an escape in a JSON string is half a surrogate pair
        {
            throw new TokenizerException($"A tokenizer file in {modelFolder} holds a string that is no text: {e.Message} Download the files again.", e);
        }
    }

    /// <summary>Writes a special token so that <see cref="Encode"/> reads it as one: U+FDD0, the id, U+FDD1.</summary>
    /// <remarks>Both are noncharacters, which no document needs, and <see cref="CleanDocument"/> strips.</remarks>
    public static string Sentinel(int id) => string.Create(CultureInfo.InvariantCulture, $"{SentinelStart}{id}{SentinelEnd}");

    /// <summary>Replaces the texts of special tokens by sentinels: for text that the operator wrote, never for a document.</summary>
    public string WithSentinels(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var output = new StringBuilder(text.Length);
        SpecialTokenText.AppendWithSentinels(output, text);
        return output.ToString();
    }

    /// <summary>Makes any text safe to encode: strips U+FDD0 and U+FDD1, replaces unpaired surrogates by U+FFFD.</summary>
    public static string CleanDocument(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().ContainsAny(SentinelStart, SentinelEnd) && !HasUnpairedSurrogate(text))
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) // unpaired surrogates come out as U+FFFD
        {
            if (rune.Value is not (SentinelStart or SentinelEnd))
                clean.Append(rune);
        }
        return clean.ToString();
    }

    /// <summary>Encodes a text.</summary>
    /// <param name="text">May hold sentinels; what comes from a document has gone through <see cref="CleanDocument"/>.</param>
    /// <exception cref="TokenizerException">The text holds an unpaired surrogate, or the tokenizer cannot express it.</exception>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            return text.Length == 0 ? [] : Array.ConvertAll(_library.Encode(text), id => (int)id);
        }
        catch (Tokenizers.DotNet.TokenizerException e)
        {
            throw new TokenizerException($"A text of {text.Length} characters cannot be encoded: {e.Message}. Pass it through {nameof(CleanDocument)} first.", e);
        }
    }

    /// <summary>Decodes ids; special tokens and ids outside the vocabulary leave no trace.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative.</exception>
    /// <exception cref="TokenizerException">The tokenizer's decoder refuses the ids.</exception>
    public string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Count == 0)
            return "";
        var unsigned = new uint[ids.Count];
        for (int i = 0; i < unsigned.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(ids[i], nameof(ids));
            unsigned[i] = (uint)ids[i];
        }
        try
        {
            return _library.Decode(unsigned);
        }
        catch (Tokenizers.DotNet.TokenizerException e)
        {
            throw new TokenizerException($"{ids.Count} token ids cannot be decoded: {e.Message}. Check that the model and its tokenizer.json belong together.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _library.Dispose();

    private static Tokenizer Load(string path, byte[] bytes, TokenizerConfig config)
    {
        using var json = TokenizerJson.Parse(path, bytes);
        var table = new TokenTable(json, config.NamedTokens.Values);
        int? bosTokenId = TokenId("bos_token");
        int? endTokenId = TokenId("eos_token");
        return new Tokenizer(SentinelTokenizer.Load(path, json, table), table, config)
        {
            Digest = Convert.ToHexStringLower(SHA256.HashData(bytes)),
            BosTokenId = bosTokenId,
            AddBosToken = bosTokenId is not null && (config.AddBosToken ?? json.FirstTokenOfPrompt() == config.NamedTokens["bos_token"]),
            EndTokenIds = [.. config.GenerationEndTokenIds.Concat(endTokenId is { } id ? [id] : []).Distinct()],
        };

        int? TokenId(string name) => config.NamedTokens.TryGetValue(name, out var text) ? table.FindId(text) : null;
    }

    private static bool HasUnpairedSurrogate(string text)
    {
        for (int i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return true;
            i++;
        }
        return false;
    }
}
