using System.Text;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.Tokenization;

/// <summary>What cannot be loaded is refused with the file, the fault and the cure.</summary>
public sealed class TokenizerLoadTests
{
    [Fact]
    public void Load_of_a_folder_without_tokenizer_says_what_is_missing()
    {
        using var folder = new TemporaryFolder();

        AssertRefused(folder, "has no tokenizer.json");
        Assert.Throws<TokenizerException>(() => Tokenizer.Load(Path.Combine(folder.Path, "nowhere")));
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "a JSON Array where an object is expected")]
    [InlineData("{}", "model.vocab is missing")]
    [InlineData("""{"model": {"vocab": {"a": "b"}}}""", "id is 'b'")]
    [InlineData("""{"model": {"vocab": {"a": -1}}}""", "id is '-1'")]
    [InlineData("""{"model": {"vocab": {"a": 2000000000}}}""", "id is '2000000000'")]
    [InlineData("""{"model": {"vocab": [[1, 2]]}}""", "text is Number")]
    [InlineData("""{"model": {"vocab": {}}, "added_tokens": [{"id": 0}]}""", "text is Undefined")]
    [InlineData("""{"model": {"vocab": {}}, "added_tokens": [{"content": "a"}]}""", "added_tokens has an entry whose id")]
    [InlineData("""{"model": {"vocab": {"\ud800": 0}}}""", "a string that is no text")]
    [InlineData("""{"model": {"type": "Unheard", "vocab": {}}}""", "not supported by the tokenizer library")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}""", "not supported by the tokenizer library")]
    public void Load_of_a_broken_tokenizer_says_what_is_wrong(string content, string fault)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", content);

        AssertRefused(folder, fault);
    }

    [Fact]
    public void Load_of_bytes_that_are_no_text_says_so()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(Path.Combine(folder.Path, "tokenizer.json"), [0xFF, 0xFE, 0x00, 0x7B]);

        AssertRefused(folder, "not valid JSON");
    }

    [Fact]
    public void Load_refuses_special_tokens_whose_ids_the_library_would_change()
    {
        var json = TinyTokenizer.ByteLevel();
        json["added_tokens"]![4]!["id"] = 300;
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", json.ToJsonString());

        AssertRefused(folder, "'<bos>' the id 300");
    }

    [Theory]
    [InlineData("tokenizer_config.json")]
    [InlineData("special_tokens_map.json")]
    [InlineData("generation_config.json")]
    public void Load_with_a_broken_file_beside_it_names_that_file(string name)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", TinyTokenizer.ByteLevel().ToJsonString());
        folder.Write(name, "{,");

        AssertRefused(folder, name);
    }

    [Theory]
    [InlineData("""{"eos_token_id": "x"}""")]
    [InlineData("""{"eos_token_id": 1e99}""")]
    [InlineData("""{"eos_token_id": [1, -5, 99999999999, null]}""")]
    public void Load_with_end_ids_that_are_none_leaves_them_out(string generationConfig)
    {
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteLevel(), generationConfig: generationConfig);

        Assert.All(tokenizer.EndTokenIds, id => Assert.Equal(1, id));
    }

    [Fact]
    public void Load_of_any_damaged_tokenizer_is_refused_and_never_a_crash()
    {
        byte[] sound = Encoding.UTF8.GetBytes(TinyTokenizer.ByteFallback().ToJsonString());
        var random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 200; i++)
        {
            byte[] damaged = i % 4 == 0 ? sound[..random.Next(sound.Length)] : [.. sound];
            for (int n = 0; n < 3 && damaged.Length > 0; n++)
                damaged[random.Next(damaged.Length)] = (byte)"{}[]\",:0a"[random.Next(9)];
            using var folder = new TemporaryFolder();
            File.WriteAllBytes(Path.Combine(folder.Path, "tokenizer.json"), damaged);
            try
            {
                using var tokenizer = Tokenizer.Load(folder.Path);
                tokenizer.Encode("hello 🙂");
            }
            catch (TokenizerException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 100, 200);
    }

    private static void AssertRefused(TemporaryFolder folder, string fault)
    {
        var exception = Assert.Throws<TokenizerException>(() => Tokenizer.Load(folder.Path));

        Assert.Contains(folder.Path, exception.Message, StringComparison.Ordinal);
        Assert.Contains(fault, exception.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", exception.Message, StringComparison.Ordinal);
    }
}
