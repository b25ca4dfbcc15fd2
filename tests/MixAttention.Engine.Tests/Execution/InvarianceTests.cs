using MixAttention.Compute;
using MixAttention.Engine.Sampling;
using MixAttention.Model.Checkpoints;

namespace MixAttention.Engine.Tests.Execution;

/// <summary>Holds results to the bit, whatever else is in the batch: company, order, memory, repetition.</summary>
[Collection("decoder")]
public sealed class InvarianceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mixbatch-invariance-").FullName;

    public static TheoryData<string, int, Precision, bool> Models => new()
    {
        { "MA-Pairs", 64, Precision.Float32, false },
        { "MA-Pairs", 64, Precision.Float32, true },
        { "MA-Offset", 64, Precision.Auto, false },
        { "MA-Offset", 64, Precision.BFloat16, false },
        { "MA-Offset", 1024, Precision.Auto, false }, // sums long enough that libraries block tall and short products differently
    };

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Results_do_not_depend_on_company_order_memory_or_repetition(string preset, int width, Precision precision, bool forceTiles)
    {
        bool isWide = width > 512;
        string model = Path.Combine(_folder, "model");
        RandomCheckpoint.Write(model, new RandomCheckpointOptions
        {
            Preset = preset,
            Layers = isWide ? 6 : 12,
            Width = width,
            HeadDim = isWide ? 64 : 16,
            KvHeads = isWide ? 4 : 2,
            FfnSize = 2 * width,
            Vocabulary = 300,
            Window = 20,
            MaxLength = 1024,
            Type = precision == Precision.Float32 ? StoredType.F32 : StoredType.BF16,
            Seed = 9,
        });
        var requests = Requests(isWide ? 20 : 64);
        var options = Options(64);
        var (expected, snapshot) = await DecoderEngine.RunAsync(model, requests, options, precision: precision, forceTiles: forceTiles);
        Assert.Equal(requests.Count, expected.Count);
        Assert.All(expected.Values, r => Assert.Null(r.Error));

        long largest = expected.Values.Max(r => r.KvBytes);
        var runs = new (IEnumerable<GenerationRequest> Requests, EngineOptions Options, long KvBytes)[]
        {
            (requests, options, 1 << 26),                       // again
            (requests.AsEnumerable().Reverse(), Options(7), 1 << 26),          // other order, other company
            (requests.OrderBy(r => r.CustomId[^1]), Options(64), 3 * largest), // little memory
            (requests.Take(12), Options(1), largest),           // alone
        };
        foreach (var run in runs)
        {
            var (actual, _) = await DecoderEngine.RunAsync(model, run.Requests, run.Options, run.KvBytes, precision, forceTiles);
            Assert.Equal(run.Requests.Count(), actual.Count);
            foreach (var (id, result) in actual)
                AssertSameBits(expected[id], result);
        }

        Assert.True(snapshot.PeakKvBytesUsed > 0);
    }

    private static EngineOptions Options(int sequences) => new() { ChunkTokens = 100, MaxTokensPerStep = 350, MaxSequences = sequences };

    private static List<GenerationRequest> Requests(int count)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int length = 1 + random.Next(i % 3 == 0 ? 330 : 90);
            return new GenerationRequest
            {
                CustomId = $"request-{i}",
                PromptIds = Enumerable.Range(0, length).Select(_ => 3 + random.Next(290)).ToArray(),
                ForkPosition = i % 2 == 0 ? 0 : length * 2 / 3,
                Sampling = new SamplingParams { MaxTokens = 4 + random.Next(20), Temperature = i % 4 == 0 ? 0.8 : 0, TopP = 0.9, Seed = i, TopLogprobs = 3, IgnoreEndTokens = true },
            };
        })];
    }

    private static void AssertSameBits(GenerationResult expected, GenerationResult actual)
    {
        Assert.Equal(expected.TokenIds, actual.TokenIds);
        Assert.Equal(expected.FinishReason, actual.FinishReason);
        for (int i = 0; i < expected.Logprobs!.Count; i++)
        {
            Assert.Equal(Bits(expected.Logprobs[i].Token), Bits(actual.Logprobs![i].Token));
            Assert.Equal(expected.Logprobs[i].Top.Select(Bits), actual.Logprobs[i].Top.Select(Bits));
        }
    }

    private static (int, int) Bits(TokenLogprob token) => (token.TokenId, BitConverter.SingleToInt32Bits(token.Logprob));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
