using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.Tokenization;

public sealed class TokenizerVectorTests
{
    private const string Separator = "\n__ggml_vocab_test__\n";

    [Theory]
    [InlineData("llama-bpe", "llama3")]
    [InlineData("qwen2", "qwen3")]
    [InlineData("gemma-4", "gemma3")]
    public void Encode_gives_the_ids_of_llama_cpp_s_vocabulary_tests(string vectors, string name)
    {
        string file = Path.Combine(RealTokenizers.Folder ?? "", "vectors", vectors + ".inp");
        if (!File.Exists(file))
            Assert.Skip($"vectors/{vectors}.inp is not there: set MIXATTENTION_SHARED or MIXATTENTION_TOKENIZERS.");
        var tokenizer = RealTokenizers.Get(name);
        int[][] ids = [.. File.ReadAllLines(Path.ChangeExtension(file, ".out")).Select(Ids)];
        string[] texts = File.ReadAllText(file).Split(Separator); // some files end with a separator

        Assert.InRange(texts.Length, ids.Length, ids.Length + 1);
        for (int i = 0; i < ids.Length; i++)
            Assert.True(ids[i].SequenceEqual(tokenizer.Encode(texts[i])), $"case {i}: {JsonSerializer.Serialize(texts[i])}");
    }

    [Fact]
    public void Encode_and_decode_give_what_the_list_of_vectors_says()
    {
        string file = Path.Combine(RealTokenizers.Folder ?? "", "vectors.json.gz");
        if (!File.Exists(file))
            Assert.Skip("vectors.json.gz is not there; only some folders hold vectors in this form.");
        using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
        var vectors = JsonSerializer.Deserialize<Vector[]>(packed, JsonSerializerOptions.Web)!;

        Assert.NotEmpty(vectors);
        foreach (var vector in vectors)
        {
            var tokenizer = RealTokenizers.Get(vector.Tokenizer);
            // The reference reads the text of a special token as that token; decoded text is compared without and, where the reference shows them, with special tokens.
            var ids = tokenizer.Encode(tokenizer.WithSentinels(vector.Text));
            Assert.True(vector.Ids.SequenceEqual(ids), $"{vector.Tokenizer} encodes {JsonSerializer.Serialize(vector.Text)} to [{string.Join(", ", ids)}].");
            Assert.Contains(vector.Decoded, new[] { tokenizer.Decode(ids), DecodeShowingSpecialTokens(tokenizer, ids) });
        }
    }

    private static string DecodeShowingSpecialTokens(Tokenizer tokenizer, int[] ids)
    {
        var texts = tokenizer.SpecialTokens.ToDictionary(t => t.Value, t => t.Key);
        var output = new StringBuilder();
        var run = new List<int>();
        foreach (int id in ids.Append(-1))
        {
            if (id >= 0 && !texts.ContainsKey(id))
            {
                run.Add(id);
                continue;
            }
            output.Append(tokenizer.Decode(run)).Append(texts.GetValueOrDefault(id));
            run.Clear();
        }
        return output.ToString();
    }

    private static int[] Ids(string line) => [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => int.Parse(n, CultureInfo.InvariantCulture))];

    private sealed record Vector(string Tokenizer, string Text, int[] Ids, string Decoded);
}
