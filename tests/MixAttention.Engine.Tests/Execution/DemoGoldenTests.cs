using System.Text.Json;
using MixAttention.Compute;
using MixAttention.Engine.Sampling;
using MixAttention.Model.ChatTemplates;
using MixAttention.Model.Tokenization;

namespace MixAttention.Engine.Tests.Execution;

/// <summary>Holds the demo model to the summaries and answers that float64 arithmetic gives, token for token, up to 8,000 tokens of prompt.</summary>
[Collection("decoder")]
public class DemoGoldenTests
{
    [Theory]
    [InlineData(Precision.Auto, true)]
    [InlineData(Precision.Auto, false)]
    [InlineData(Precision.Float32, true)]
    public async Task Summaries_and_answers_are_right_token_for_token(Precision precision, bool trim)
    {
        using var tokenizer = Tokenizer.Load(DecoderEngine.DemoModel);
        var template = ChatTemplate.Load(DecoderEngine.DemoModel, tokenizer);
        Assert.NotNull(template);
        using var golden = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(DecoderEngine.TestFolder(), "Demo", "golden.json"), TestContext.Current.CancellationToken));
        var cases = golden.RootElement.GetProperty("cases").EnumerateArray().ToArray();
        var requests = cases.Select((c, i) => new GenerationRequest
        {
            CustomId = $"case-{i}",
            PromptIds = Prompt(tokenizer, template, c),
            Sampling = new SamplingParams { MaxTokens = 100, DisablePrefillTrimming = !trim },
        }).ToList();
        var (results, _) = await DecoderEngine.RunAsync(DecoderEngine.DemoModel, requests, new EngineOptions(), kvBytes: 1 << 28, precision);
        for (int i = 0; i < cases.Length; i++)
        {
            var result = results[$"case-{i}"];
            int[] expected = [.. cases[i].GetProperty("greedy_ids").EnumerateArray().Select(e => e.GetInt32()).Where(id => id != 0)];
            Assert.Equal(cases[i].GetProperty("prompt_tokens").GetInt32(), result.PromptTokens);
            Assert.Equal(expected, result.TokenIds);
            Assert.Equal(cases[i].GetProperty("answer").GetString(), tokenizer.Decode(result.TokenIds));
            Assert.Equal(FinishReason.Stop, result.FinishReason);
        }
    }

    private static int[] Prompt(Tokenizer tokenizer, ChatTemplate template, JsonElement golden)
    {
        string text = Tokenizer.CleanDocument(golden.GetProperty("document").GetString()!) + "\n\n" + golden.GetProperty("instruction").GetString();
        return tokenizer.Encode(template.Render([new ChatMessage("user", text)]));
    }
}
