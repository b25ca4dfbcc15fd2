using MixAttention.Compute;
using MixAttention.Engine.Sampling;
using MixAttention.Model.Checkpoints;

namespace MixAttention.Engine.Tests.Execution;

/// <summary>Holds results of a real model to the bit, whether the tokens before the fork are shared or not.</summary>
[Collection("decoder")]
public sealed class PrefixSharingTests : IDisposable
{
    private const int Window = 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("mixbatch-prefix-").FullName;

    public static TheoryData<string, Precision, int, bool> Models => new()
    {
        { "Standard", Precision.Float32, 33, false },
        { "SWA", Precision.Float32, 33, false },
        { "MA-Pairs", Precision.Float32, 100, false },
        { "MA-Pairs", Precision.Float32, 100, true },
        { "MA-Offset", Precision.Float32, 7, false },
        { "MA-Successive-1", Precision.Float32, 33, false },
        { "MA-Offset", Precision.Auto, 33, false },
        { "MA-Pairs", Precision.BFloat16, 100, false },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Sharing_changes_no_bit(string preset, Precision precision, int chunk, bool forceTiles)
    {
        string model = Path.Combine(_folder, "model");
        RandomCheckpoint.Write(model, new RandomCheckpointOptions
        {
            Preset = preset,
            Layers = 12,
            Width = 64,
            HeadDim = 16,
            KvHeads = 2,
            FfnSize = 128,
            Vocabulary = 300,
            Window = Window,
            MaxLength = 512,
            Type = precision == Precision.Float32 ? StoredType.F32 : StoredType.BF16,
            Seed = 21,
        });
        var requests = Requests();
        var (expected, _) = await DecoderEngine.RunAsync(model, requests, Options(chunk, 64, shares: false), precision: precision, forceTiles: forceTiles);
        long largest = expected.Values.Max(r => r.KvBytes);
        int prefixTokens = requests.Select(r => r.ForkPosition).Distinct().Sum(), suffixTokens = requests.Sum(r => r.PromptIds.Length - r.ForkPosition);

        var runs = new (IEnumerable<GenerationRequest> Requests, int Sequences, long KvBytes)[]
        {
            (requests, 64, 1 << 26),                        // all at once
            (requests.AsEnumerable().Reverse(), 3, 1 << 26), // one after the other
            (requests, 64, 2 * largest),                    // little memory: nodes wait, regions move
        };
        foreach (var run in runs)
        {
            var (actual, snapshot) = await DecoderEngine.RunAsync(model, run.Requests, Options(chunk, run.Sequences, shares: true), run.KvBytes, precision, forceTiles);
            Assert.Equal(prefixTokens + suffixTokens, snapshot.ComputedPromptTokens);
            Assert.Equal(expected.Count, actual.Count);
            foreach (var (id, result) in actual)
                Assert.Equal(Describe(expected[id]), Describe(result));
        }
    }

    private static EngineOptions Options(int chunk, int sequences, bool shares) => new() { ChunkTokens = chunk, MaxTokensPerStep = 200, MaxSequences = sequences, SharePrefixes = shares };

    // Documents around the window's edges and longer ones, each with questions from one token to more than a window.
    private static List<GenerationRequest> Requests()
    {
        var random = new Random(5);
        var requests = new List<GenerationRequest>();
        foreach (int length in (int[])[16, Window - 1, Window, Window + 1, 70, 150])
        {
            int[] document = Ids(random, length);
            foreach (int question in (int[])[1, 2, Window, 45])
            {
                requests.Add(new GenerationRequest
                {
                    CustomId = $"{length}-{question}",
                    PromptIds = (int[])[.. document, .. Ids(random, question)],
                    ForkPosition = length,
                    ExpectsSharers = true,
                    Sampling = new SamplingParams { MaxTokens = 4 + random.Next(20), Temperature = question == 2 ? 0.8 : 0, Seed = length, TopLogprobs = 2, IgnoreEndTokens = true },
                });
            }
        }

        return requests;
    }

    private static int[] Ids(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => 3 + random.Next(290))];

    private static string Describe(GenerationResult r) =>
        $"{r.CustomId} {r.Error} {r.FinishReason} {string.Join(' ', r.TokenIds)} " +
        string.Join(' ', r.Logprobs!.SelectMany(l => l.Top.Append(l.Token)).Select(l => $"{l.TokenId}:{BitConverter.SingleToInt32Bits(l.Logprob):x8}"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
