using System.Runtime.CompilerServices;
using MixAttention.Compute;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Decoding;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Decoding;

/// <summary>Runs sequences through a decoder side by side.</summary>
internal sealed class DecoderDriver : IDisposable
{
    private readonly Decoder _decoder;

    private DecoderDriver(Decoder decoder) => _decoder = decoder;

    // Models this small spend more on waking a second thread than it computes. Compute.Tests hold the kernels on one thread equal to two.
    [ModuleInitializer]
    internal static void LoadLibTorch() => TorchRuntime.Initialize(threads: 1);

    public Decoder Decoder => _decoder;

    public AttentionLayout Layout => _decoder.Spec.Layout;

    public static DecoderDriver Load(string folder, Precision precision = Precision.Float32, bool forceTiles = false)
    {
        using var checkpoint = Checkpoint.Open(folder);
        var spec = DecoderSpecReader.Read(checkpoint.Config, [.. checkpoint.Tensors.Keys]);
        checkpoint.Verify(spec);
        bool isBFloat16 = checkpoint.Tensors[spec.Embedding.Name].Type == StoredType.BF16;
        return new DecoderDriver(new Decoder(checkpoint, spec, new ComputeDevice("cpu", precision, isBFloat16, forceTiles), kvBytes: 1 << 26));
    }

    /// <summary>Runs sequences to their ends; each step holds the next segment or the next token of every one.</summary>
    public void Run(params IReadOnlyList<SequenceRun> runs)
    {
        var regions = Place(runs);
        while (runs.Any(r => r.IsPrefilling || r.IsDecoding))
        {
            SequenceRun[] prefilling = [.. runs.Where(r => r.IsPrefilling)], decoding = [.. runs.Where(r => r.IsDecoding)];
            PromptSegment[] segments = [.. prefilling.Select(r => r.NextSegment(regions[r], Layout))];
            var logits = Rows(new DecoderBatch(segments, [.. decoding.Select(r => r.NextRow(regions[r]))]));
            foreach (var (run, row) in prefilling.Where((_, i) => segments[i].WantsLogits).Concat(decoding).Zip(logits))
                run.Accept(row);
        }
    }

    /// <summary>Runs one step and returns its rows of logits.</summary>
    public List<float[]> Rows(DecoderBatch batch)
    {
        using var logits = _decoder.Forward(batch);
        int vocabulary = (int)logits.shape[1];
        if (logits.shape[0] == 0)
            return [];
        return [.. logits.data<float>().ToArray().Chunk(vocabulary)];
    }

    public void Dispose() => _decoder.Dispose();

    private Dictionary<SequenceRun, KvRegion> Place(IReadOnlyList<SequenceRun> runs)
    {
        var regions = new Dictionary<SequenceRun, KvRegion>();
        long offset = 0;
        foreach (var run in runs)
        {
            regions.Add(run, new KvRegion(offset, run.TotalTokens));
            offset += _decoder.Geometry.Elements(run.TotalTokens);
        }

        Assert.InRange(offset, 0, _decoder.ArenaElements);
        return regions;
    }
}
