using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.Tokenization;

public sealed class TokenizerTests
{
    [Fact]
    public void Encode_reads_a_special_token_s_text_as_text()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());
        const string Document = "hello<|end|><bos> <think>";

        int[] ids = tokenizer.Encode(Document);

        Assert.DoesNotContain(ids, tokenizer.SpecialTokens.Values.Contains);
        Assert.Equal(Document, tokenizer.Decode(ids));
        Assert.Equal(269, ids[^1]); // an added token that is not special stays what it is
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("qwen3")]
    [InlineData("gemma3")]
    public void Encode_reads_every_special_token_s_text_as_text_in_real_tokenizers(string name)
    {
        var tokenizer = RealTokenizers.Get(name);
        string document = string.Join(" ", tokenizer.SpecialTokens.Keys);

        int[] ids = tokenizer.Encode(document);

        Assert.NotEmpty(tokenizer.SpecialTokens);
        Assert.DoesNotContain(ids, tokenizer.SpecialTokens.Values.ToHashSet().Contains);
        Assert.Equal(document, tokenizer.Decode(ids));
    }

    [Fact]
    public void Encode_reads_every_special_token_s_text_as_text_in_the_demo()
    {
        using var tokenizer = Tokenizer.Load(DemoFolder.Get());

        Assert.Equal([0, 2, 0], tokenizer.Encode(tokenizer.WithSentinels("<|end|><|user|><|end|>")));
        Assert.DoesNotContain(tokenizer.Encode("a <|end|> b<|user|>"), tokenizer.SpecialTokens.Values.Contains);
        Assert.Equal("a <|end|> b<|user|>", tokenizer.Decode(tokenizer.Encode("a <|end|> b<|user|>")));
    }

    [Fact]
    public void Encode_reads_a_sentinel_as_its_special_token()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());
        int end = tokenizer.SpecialTokens["<|end|>"];

        Assert.Equal([end, .. tokenizer.Encode("hello"), end], tokenizer.Encode($"{Tokenizer.Sentinel(end)}hello{Tokenizer.Sentinel(end)}"));
        Assert.Equal([end], tokenizer.Encode(tokenizer.WithSentinels("<|end|>")));
    }

    [Fact]
    public void Encode_reads_a_sentinel_within_a_text_whatever_the_normalizer_does()
    {
        var json = TinyTokenizer.ByteFallback();
        json["added_tokens"]![2]!["normalized"] = true;
        using var tokenizer = TinyTokenizer.Load(json);
        int hello = tokenizer.Encode("hello")[0];

        Assert.Equal([hello, 2, hello], tokenizer.Encode($"hello{Tokenizer.Sentinel(2)}hello"));
    }

    [Fact]
    public void With_sentinels_takes_the_longest_of_the_special_tokens_that_begin_first()
    {
        var json = TinyTokenizer.ByteLevel();
        var added = json["added_tokens"]!.AsArray();
        added[0]!["content"] = "<a>";
        added[1]!["content"] = "<a><b>";
        added[2]!["content"] = "><b>c";
        using var tokenizer = TinyTokenizer.Load(json);

        Assert.Equal($"x{Tokenizer.Sentinel(265)}c{Tokenizer.Sentinel(264)}<b", tokenizer.WithSentinels("x<a><b>c<a><b"));
    }

    [Fact]
    public void Encode_adds_no_token_of_its_own_and_an_empty_text_has_none()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());

        Assert.Equal([259], tokenizer.Encode("hello")); // the post-processor would put <bos> before it
        Assert.Empty(tokenizer.Encode(""));
        Assert.Equal("", tokenizer.Decode([]));
    }

    [Fact]
    public void Encode_refuses_an_unpaired_surrogate_and_names_the_cure()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());

        Assert.Contains(nameof(Tokenizer.CleanDocument), Assert.Throws<TokenizerException>(() => tokenizer.Encode("a\uD800")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_skips_special_tokens_and_ids_outside_the_vocabulary()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());

        Assert.Equal("hello hello", tokenizer.Decode([264, 259, 265, 1_000_000, 260, int.MaxValue]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([-1]));
    }

    [Fact]
    public void Clean_document_strips_sentinel_marks_and_replaces_unpaired_surrogates()
    {
        // Not a theory: attributes and test names cannot hold unpaired surrogates.
        Assert.Equal("a5b", Tokenizer.CleanDocument("a\uFDD0" + "5\uFDD1b"));
        Assert.Equal("\uFFFD", Tokenizer.CleanDocument("\uD800"));
        Assert.Equal("x\uFFFD\uFFFDy", Tokenizer.CleanDocument("x\uDC00\uD800y"));
        Assert.Equal("🙂\uFFFD", Tokenizer.CleanDocument("🙂\uD83D"));
        Assert.Equal("🙂🙂", Tokenizer.CleanDocument("🙂\uFDD0🙂"));
        Assert.Equal("", Tokenizer.CleanDocument("\uFDD1"));
    }

    [Fact]
    public void Clean_document_returns_a_clean_text_as_it_is()
    {
        string text = "Grüße, 🙂 und \uFFFD" + Environment.NewLine;

        Assert.Same(text, Tokenizer.CleanDocument(text));
    }

    [Fact]
    public void Load_reads_what_the_folder_says_of_special_tokens()
    {
        using var tokenizer = TinyTokenizer.Load(
            TinyTokenizer.ByteLevel(),
            """{"bos_token": {"content": "<bos>"}, "eos_token": "<|end|>", "pad_token": null, "add_bos_token": true}""",
            """{"eos_token_id": [267, 264]}""");

        Assert.Equal(268, tokenizer.BosTokenId);
        Assert.True(tokenizer.AddBosToken);
        Assert.Equal([267, 264], tokenizer.EndTokenIds);
        Assert.Equal(270, tokenizer.VocabularySize);
        Assert.Equal(["<bos>", "<|assistant|>", "<|end|>", "<|system|>", "<|user|>"], tokenizer.SpecialTokens.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"bos_token": "<bos>"}""", true)] // then the post-processor decides, which puts <bos> first
    [InlineData("""{"bos_token": "<|user|>"}""", false)]
    [InlineData("""{"bos_token": "<bos>", "add_bos_token": false}""", false)]
    [InlineData("""{"bos_token": "<bos>", "add_bos_token": true}""", true)]
    [InlineData("""{"add_bos_token": true}""", false)] // there is nothing to add
    [InlineData("""{"bos_token": "unknown", "add_bos_token": true}""", false)]
    [InlineData("{}", false)]
    public void Add_bos_token_is_the_configuration_s_word_or_the_post_processor_s(string config, bool expected)
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel(), config);

        Assert.Equal(expected, tokenizer.AddBosToken);
        Assert.Equal(expected ? Tokenizer.Sentinel(268) : "", tokenizer.PromptStart);
    }

    [Theory]
    [InlineData("{}", null, new int[0])]
    [InlineData("""{"eos_token": "h"}""", null, new[] { 71 })] // an ordinary token may end a text
    [InlineData("{}", """{"eos_token_id": 265}""", new[] { 265 })]
    [InlineData("""{"eos_token": "<|end|>"}""", """{"eos_token_id": null}""", new[] { 264 })]
    public void End_token_ids_come_from_both_files(string config, string? generationConfig, int[] expected)
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel(), config, generationConfig);

        Assert.Equal(expected.Select(id => id == 71 ? tokenizer.Encode("h")[0] : id), tokenizer.EndTokenIds);
    }

    [Fact]
    public void Special_map_gives_tokens_that_the_configuration_does_not()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", TinyTokenizer.ByteLevel().ToJsonString());
        folder.Write("special_tokens_map.json", """{"eos_token": {"content": "<|end|>", "lstrip": false}, "bos_token": "<|user|>"}""");
        folder.Write("tokenizer_config.json", """{"bos_token": "<bos>"}""");
        using var tokenizer = Tokenizer.Load(folder.Path);

        Assert.Equal(268, tokenizer.BosTokenId);
        Assert.Equal([264], tokenizer.EndTokenIds);
    }

    [Fact]
    public void Digest_is_that_of_the_file()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", TinyTokenizer.ByteLevel().ToJsonString());
        using var tokenizer = Tokenizer.Load(folder.Path);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder.Path, "tokenizer.json")))), tokenizer.Digest);
    }

    [Fact]
    public void Vocabulary_may_be_a_list_of_pieces_with_scores()
    {
        var json = TinyTokenizer.ByteFallback();
        var pieces = json["model"]!["vocab"]!.AsObject().Select(entry => (JsonNode)new JsonArray(entry.Key, -1.0));
        json["model"] = new JsonObject { ["type"] = "Unigram", ["unk_id"] = 0, ["byte_fallback"] = true, ["vocab"] = new JsonArray([.. pieces]) };
        using var tokenizer = TinyTokenizer.Load(json);

        Assert.Equal(272, tokenizer.VocabularySize);
        Assert.Equal([2], tokenizer.Encode(Tokenizer.Sentinel(2)));
        Assert.Equal("hello </s>", tokenizer.Decode(tokenizer.Encode("hello </s>")));
    }

    [Fact]
    public void Encode_and_decode_may_run_on_many_threads()
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel());
        var texts = Texts.Sample(200);
        var expected = texts.Select(tokenizer.Encode).ToList();

        Parallel.For(0, 2000, i =>
        {
            Assert.Equal(expected[i % 200], tokenizer.Encode(texts[i % 200]));
            Assert.Equal(texts[i % 200], tokenizer.Decode(expected[i % 200]));
        });
    }
}
