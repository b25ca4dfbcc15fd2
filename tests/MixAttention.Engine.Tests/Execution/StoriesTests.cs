using System.Text.Json;
using MixAttention.Compute;
using MixAttention.Engine.Sampling;
using MixAttention.Model.Tokenization;

namespace MixAttention.Engine.Tests.Execution;

/// <summary>Runs a small real Llama model, whose story is known, from its first token on.</summary>
[Collection("decoder")]
public sealed class StoriesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mixbatch-stories-").FullName;

    [Fact]
    public async Task Stories_model_tells_its_golden_story()
    {
        string source = Path.Combine(Environment.GetEnvironmentVariable("MIXATTENTION_SHARED") ?? "", "data", "models", "stories260K-hf");
        if (!Directory.Exists(source))
            Assert.Skip("stories260K-hf is not there: set MIXATTENTION_SHARED.");
        foreach (string name in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(source, name), Path.Combine(_folder, name));
        await File.WriteAllTextAsync(Path.Combine(_folder, "tokenizer.json"), SentencePieceTokenizer.ToTokenizerJson(Path.Combine(source, "tok512.json")), TestContext.Current.CancellationToken);
        using var golden = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(source, "golden.json"), TestContext.Current.CancellationToken));
        int[] prompt = Ids(golden, "prompt_ids"), expected = Ids(golden, "greedy_ids")[prompt.Length..];

        var request = new GenerationRequest { CustomId = "story", PromptIds = prompt, Sampling = new SamplingParams { MaxTokens = expected.Length, IgnoreEndTokens = true } };
        var (results, _) = await DecoderEngine.RunAsync(_folder, [request], precision: Precision.Float32);

        Assert.Equal(expected, results["story"].TokenIds);
        using var tokenizer = Tokenizer.Load(_folder);
        Assert.Equal(golden.RootElement.GetProperty("text").GetString()!.Trim(), tokenizer.Decode(results["story"].TokenIds).Trim());
        foreach (var tokenization in golden.RootElement.GetProperty("tokenizations_with_bos").EnumerateObject())
            Assert.Equal(tokenization.Value.EnumerateArray().Select(e => e.GetInt32()).Skip(1), tokenizer.Encode(tokenization.Name));
    }

    private static int[] Ids(JsonDocument golden, string name) => [.. golden.RootElement.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
