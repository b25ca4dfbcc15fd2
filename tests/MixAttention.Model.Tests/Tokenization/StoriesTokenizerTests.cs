using System.Text.Json;
using MixAttention.Model.Tokenization;

namespace MixAttention.Model.Tests.Tokenization;

/// <summary>Checks a SentencePiece tokenizer, turned into a tokenizer.json, against its reference.</summary>
public sealed class StoriesTokenizerTests
{
    [Fact]
    public void Prompts_are_encoded_and_the_golden_text_is_decoded_as_the_reference_does()
    {
        string folder = Path.Combine(Environment.GetEnvironmentVariable("MIXATTENTION_SHARED") ?? "", "data", "models", "stories260K-hf");
        if (!File.Exists(Path.Combine(folder, "tok512.json")))
            Assert.Skip("The model stories260K is not there: set MIXATTENTION_SHARED.");
        using var pieces = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "tok512.json")));
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "golden.json")));
        using var tokenizer = TinyTokenizer.Load(TinyTokenizer.ByteFallback([.. pieces.RootElement.GetProperty("tokens").EnumerateArray().Select(t => t.GetString()!)]));

        foreach (var prompt in golden.RootElement.GetProperty("tokenizations_with_bos").EnumerateObject())
            Assert.Equal(prompt.Value.EnumerateArray().Select(id => id.GetInt32()), [1, .. tokenizer.Encode(prompt.Name)]);
        int[] ids = [.. golden.RootElement.GetProperty("greedy_ids").EnumerateArray().Select(id => id.GetInt32())];
        Assert.Equal(golden.RootElement.GetProperty("text").GetString(), tokenizer.Decode(ids));
        var detokenizer = new IncrementalDetokenizer(tokenizer);
        Assert.Equal(tokenizer.Decode(ids), string.Concat(ids.Select(detokenizer.Append)) + detokenizer.Flush());
    }
}
