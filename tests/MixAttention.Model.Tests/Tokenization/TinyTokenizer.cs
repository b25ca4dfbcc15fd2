using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.Tokenization;

/// <summary>Makes small tokenizers of both usual kinds, so that core tests need no files.</summary>
public static class TinyTokenizer
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Makes a byte-level tokenizer: ids 0 to 255 are bytes, then come merges, then special tokens, which the vocabulary does not hold, and one ordinary added token.</summary>
    public static JsonObject ByteLevel()
    {
        string[] standIns = ByteStandIns();
        var vocabulary = new JsonObject();
        foreach (string standIn in standIns)
            vocabulary[standIn] = vocabulary.Count;
        var merges = new JsonArray();
        // Pieces of UTF-8 are merged too: â + Ĥ is the first two bytes of many symbols.
        foreach (var (left, right) in new[] { ("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("Ġ", "hello"), ("<", "|"), ("|", ">"), (standIns[0xE2], standIns[0x82]) })
        {
            merges.Add(new JsonArray(left, right));
            vocabulary[left + right] = vocabulary.Count;
        }
        var added = new JsonArray();
        foreach (string token in new[] { "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<bos>", "<think>" })
            added.Add(AddedToken(vocabulary.Count + added.Count, token, special: token != "<think>"));
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true },
            ["post_processor"] = BosPostProcessor((int)vocabulary.Count + 4),
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = true, ["trim_offsets"] = true, ["use_regex"] = true },
            ["model"] = Model(vocabulary, merges, byteFallback: false),
        };
    }

    /// <summary>Makes a tokenizer as SentencePiece models become: byte tokens for what has none, ▁ for the space, one put before a text.</summary>
    /// <param name="tokens">Tokens in the order of their ids, of which the first three are special.</param>
    public static JsonObject ByteFallback(IReadOnlyList<string> tokens)
    {
        var vocabulary = new JsonObject();
        foreach (string token in tokens)
            vocabulary[token] = vocabulary.Count;
        // The earlier a token of two parts stands, the earlier the parts are merged.
        var merges = tokens.SelectMany(t => Enumerable.Range(1, Math.Max(t.Length - 1, 0)).Select(i => (Left: t[..i], Right: t[i..])))
            .Where(m => vocabulary.ContainsKey(m.Left) && vocabulary.ContainsKey(m.Right))
            .Select(m => (JsonNode)new JsonArray(m.Left, m.Right));
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. Enumerable.Range(0, 3).Select(id => AddedToken(id, tokens[id], special: true))]),
            ["normalizer"] = Sequence("normalizers", new JsonObject { ["type"] = "Prepend", ["prepend"] = "▁" }, Replace(" ", "▁")),
            ["pre_tokenizer"] = null,
            ["post_processor"] = null,
            ["decoder"] = Sequence(
                "decoders",
                Replace("▁", " "),
                new JsonObject { ["type"] = "ByteFallback" },
                new JsonObject { ["type"] = "Fuse" },
                new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 }),
            ["model"] = Model(vocabulary, [.. merges], byteFallback: true),
        };
    }

    /// <summary>Makes a tokenizer with byte tokens and a few words.</summary>
    public static JsonObject ByteFallback()
        => ByteFallback(["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>"), "▁", "h", "e", "l", "o", "é", "▁h", "he", "ll", "▁he", "▁hell", "▁hello", "."]);

    /// <summary>Loads a tokenizer from its JSON, with the other files of a model folder where given.</summary>
    public static Tokenizer Load(JsonObject tokenizer, string? config = null, string? generationConfig = null)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", tokenizer.ToJsonString(Options));
        if (config is not null)
            folder.Write("tokenizer_config.json", config);
        if (generationConfig is not null)
            folder.Write("generation_config.json", generationConfig);
        return Tokenizer.Load(folder.Path);
    }

    private static string[] ByteStandIns()
    {
        int next = 256;
        return [.. Enumerable.Range(0, 256).Select(b => ((char)(b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? b : next++)).ToString())];
    }

    private static JsonObject Model(JsonObject vocabulary, JsonArray merges, bool byteFallback) => new()
    {
        ["type"] = "BPE",
        ["unk_token"] = byteFallback ? "<unk>" : null,
        ["fuse_unk"] = byteFallback,
        ["byte_fallback"] = byteFallback,
        ["vocab"] = vocabulary,
        ["merges"] = merges,
    };

    private static JsonObject AddedToken(int id, string content, bool special) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = special,
    };

    private static JsonObject BosPostProcessor(int bosId) => new()
    {
        ["type"] = "TemplateProcessing",
        ["single"] = new JsonArray(SpecialPart("<bos>", 0), new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } }),
        ["pair"] = new JsonArray(
            new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } },
            new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "B", ["type_id"] = 1 } }),
        ["special_tokens"] = new JsonObject { ["<bos>"] = new JsonObject { ["id"] = "<bos>", ["ids"] = new JsonArray(bosId), ["tokens"] = new JsonArray("<bos>") } },
    };

    private static JsonObject SpecialPart(string token, int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = type } };

    private static JsonObject Sequence(string members, params JsonNode[] parts) => new() { ["type"] = "Sequence", [members] = new JsonArray(parts) };

    private static JsonObject Replace(string pattern, string content)
        => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = pattern }, ["content"] = content };
}
