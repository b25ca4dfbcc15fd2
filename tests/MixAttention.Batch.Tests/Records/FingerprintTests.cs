using MixAttention.Batch.Jobs;
using MixAttention.Batch.Records;
using MixAttention.Engine.Sampling;

namespace MixAttention.Batch.Tests.Records;

public sealed class FingerprintTests
{
    private static readonly FingerprintInput Input = new()
    {
        Task = "summarize",
        Instructions = ["Summarize the document."],
        ModelName = "demo",
        ModelDigest = "m",
        Sampling = new SamplingParams(),
        ChunkTokens = 512,
        Device = "cpu",
        Precision = "auto",
        TrimPrefill = true,
    };

    [Fact]
    public void Fingerprint_is_the_same_for_the_same_values() => Assert.Equal(
        (Input with { Sampling = new SamplingParams { LogitBias = new Dictionary<int, double> { [1] = 2, [3] = 4 } } }).Compute(),
        (Input with { Sampling = new SamplingParams { LogitBias = new Dictionary<int, double> { [3] = 4, [1] = 2 } } }).Compute());

    [Fact]
    public void Every_value_changes_the_fingerprint()
    {
        FingerprintInput[] inputs =
        [
            Input,
            Input with { Task = "question" },
            Input with { Instructions = ["a", "b"] },
            Input with { Instructions = ["a\",\"b"] },
            Input with { ContextTokens = 1000 },
            Input with { Rules = new ReadingRules(1, 2, 1) },
            Input with { ModelName = "other" },
            Input with { ModelDigest = "other" },
            Input with { Sampling = new SamplingParams { MaxTokens = 1 } },
            Input with { Sampling = new SamplingParams { Seed = 1 } },
            Input with { Sampling = new SamplingParams { Stop = ["x"] } },
            Input with { Sampling = new SamplingParams { LogitBias = new Dictionary<int, double> { [1] = 2 } } },
            Input with { ChunkTokens = 256 },
            Input with { Device = "cuda" },
            Input with { Precision = "float32" },
            Input with { TrimPrefill = false },
        ];
        Assert.Equal(inputs.Length, inputs.Select(i => i.Compute()).Distinct().Count());
    }
}
