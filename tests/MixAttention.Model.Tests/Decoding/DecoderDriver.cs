using System.Runtime.CompilerServices;
using MixAttention.Compute;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Decoding;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Decoding;

/// <summary>Runs one sequence at a time through a decoder, cut as a test asks.</summary>
internal sealed class DecoderDriver : IDisposable
{
    private readonly Decoder _decoder;

    private DecoderDriver(Decoder decoder) => _decoder = decoder;

    [ModuleInitializer]
    internal static void LoadLibTorch() => TorchRuntime.Initialize(2);

    public AttentionLayout Layout => _decoder.Spec.Layout;

    public Decoder Decoder => _decoder;

    public static DecoderDriver Load(string folder, Precision precision = Precision.Float32, bool forceTiles = false, long kvBytes = 1 << 24)
    {
        using var checkpoint = Checkpoint.Open(folder);
        var spec = DecoderSpecReader.Read(checkpoint.Config, [.. checkpoint.Tensors.Keys]);
        checkpoint.Verify(spec);
        bool isBFloat16 = checkpoint.Tensors[spec.Embedding.Name].Type == StoredType.BF16;
        return new DecoderDriver(new Decoder(checkpoint, spec, new ComputeDevice("cpu", precision, isBFloat16, forceTiles), kvBytes));
    }

    /// <summary>Runs a prompt in segments that end at the given positions (exclusive) and returns the logits after each.</summary>
    public List<float[]> Prefill(KvRegion region, int[] ids, IEnumerable<int> ends, bool trim, bool everyLogits = false)
    {
        var plan = trim ? PrefillTrim.Create(Layout, ids.Length) : PrefillTrim.None(Layout, ids.Length);
        var rows = new List<float[]>();
        int position = 0;
        foreach (int end in ends)
        {
            var segment = new PromptSegment(region, position, ids.AsMemory(position, end - position), plan, everyLogits || end == ids.Length);
            rows.AddRange(Rows(new DecoderBatch([segment], [])));
            position = end;
        }

        return rows;
    }

    /// <summary>Runs one decode token.</summary>
    public float[] Step(KvRegion region, int position, int token) => Rows(new DecoderBatch([], [new DecodeRow(region, position, token)]))[0];

    /// <summary>Continues a prompt greedily.</summary>
    /// <returns>The ids and the logits from which each was taken.</returns>
    public (int[] Ids, List<float[]> Logits) Greedy(int[] ids, int tokens, int chunk, bool trim)
    {
        var region = new KvRegion(0, ids.Length + tokens);
        var logits = new List<float[]> { Prefill(region, ids, Ends(ids.Length, chunk), trim)[^1] };
        var result = new List<int> { ArgMax(logits[0]) };
        while (result.Count < tokens)
        {
            logits.Add(Step(region, ids.Length + result.Count - 1, result[^1]));
            result.Add(ArgMax(logits[^1]));
        }

        return ([.. result], logits);
    }

    public List<float[]> Rows(DecoderBatch batch)
    {
        using var logits = _decoder.Forward(batch);
        int vocabulary = (int)logits.shape[1];
        if (logits.shape[0] == 0)
            return [];
        return [.. logits.data<float>().ToArray().Chunk(vocabulary)];
    }

    public static IEnumerable<int> Ends(int length, int chunk)
    {
        for (int end = chunk; end < length; end += chunk)
            yield return end;
        yield return length;
    }

    public static int ArgMax(float[] logits) => Array.IndexOf(logits, logits.Max());

    public void Dispose() => _decoder.Dispose();
}
