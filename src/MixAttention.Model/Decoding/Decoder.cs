using MixAttention.Compute;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;
using static TorchSharp.torch;

namespace MixAttention.Model.Decoding;

/// <summary>Runs a decoder described by a <see cref="DecoderSpec"/>: the one forward pass of all families.</summary>
/// <remarks>
/// A batch mixes prompt segments and decode tokens. Each layer runs only the rows that trimming leaves it; keys and values go straight to their owner's slab or ring.
/// Made, used and disposed on one thread. Between calls the only living tensors are weights, rotary tables and the KV arena.
/// </remarks>
public sealed class Decoder : IDisposable
{
    private readonly ComputeDevice _device;
    private readonly TokenEmbedding _embedding;
    private readonly DecoderLayer[] _layers;
    private readonly List<RotaryTable> _rotary = [];
    private readonly List<RopeSpec> _ropes = []; // of the tables, in the same order
    private readonly Norm _finalNorm;
    private readonly Linear _head;
    private readonly KvArena _arena;

    /// <summary>Loads the weights and allocates the KV arena.</summary>
    /// <param name="checkpoint">Verified against the spec; may be disposed afterwards.</param>
    /// <param name="spec">The decoder.</param>
    /// <param name="device">Where, and in which formats.</param>
    /// <param name="kvBytes">Bytes of the KV arena.</param>
    public Decoder(Checkpoint checkpoint, DecoderSpec spec, ComputeDevice device, long kvBytes)
    {
        Spec = spec;
        _device = device;
        Geometry = new KvGeometry(spec, device.KvBytes);
        _arena = new KvArena(kvBytes / device.KvBytes, device);
        using var mode = TorchRuntime.InferenceMode();
        using var scope = NewDisposeScope();
        var weights = new WeightLoader(checkpoint, device);
        _embedding = new TokenEmbedding(spec, weights);
        _layers = [.. Enumerable.Range(0, spec.Layers.Count).Select(i => new DecoderLayer(i, spec, Geometry, weights, Rotary(spec.Layers[i].Attention.Rope), _arena))];
        _finalNorm = weights.Norm(spec.FinalNorm)!; // every decoder has one
        // Logits are float32 on the CPU: bfloat16 ones tie at the top.
        _head = weights.Linear(device.IsCuda ? device.ComputeType : ScalarType.Float32, spec.Head);
    }

    /// <summary>Gets the decoder's description.</summary>
    public DecoderSpec Spec { get; }

    /// <summary>Gets the arithmetic of a sequence's keys and values.</summary>
    public KvGeometry Geometry { get; }

    /// <summary>Gets the elements of the KV arena.</summary>
    public long ArenaElements => _arena.Elements;

    /// <summary>Gets where time went so far.</summary>
    public DecoderProfile Profile { get; } = new();

    /// <summary>Runs a batch.</summary>
    /// <returns>[S, V] float32 on the CPU: the last token of each prompt segment that wants logits, in order, then each decode token; empty when none is wanted. The caller disposes it.</returns>
    public Tensor Forward(DecoderBatch batch) => Profile.Total.Measure(() => Run(batch));

    private Tensor Run(DecoderBatch batch)
    {
        using var mode = TorchRuntime.InferenceMode();
        var rows = StepRows.Create(batch, segment => segment.Trim.KvStart(0)); // layer 0 owns its KV in every layout
        using var state = new StepState(batch, rows, Geometry, _arena, _device);
        if (rows.Count == 0)
            return empty([0, Spec.VocabularySize]);
        _embedding.Embed(state, Profile);
        foreach (var layer in _layers)
        {
            if (!layer.Forward(state, Profile))
                break;
        }

        return Logits(state);
    }

    private Tensor Logits(StepState state)
    {
        if (state.Rows.Count == 0)
            return empty([0, Spec.VocabularySize]);
        using var host = tensor(state.Rows.LogitRows(), dtype: ScalarType.Int64);
        if (host.NumberOfElements == 0)
            return empty([0, Spec.VocabularySize]);
        using var index = host.to(_device.Device);
        using var last = state.Stream.index_select(0, index);
        using var normed = _finalNorm.Forward(last);
        using var typed = normed.InFormat(_head.Type);
        using var product = Profile.Linear.Measure(() => _head.Forward(typed, 0));
        using var wide = product.InFormat(ScalarType.Float32);
        if (Spec.LogitScale != 1)
            wide.ScaleInPlace(Spec.LogitScale);
        if (Spec.LogitSoftcap is { } cap)
            wide.CapInPlace(cap);
        return wide.cpu();
    }

    /// <summary>Moves a range of the KV arena; the ranges may overlap.</summary>
    public void MoveKv(long from, long to, long elements)
    {
        using var mode = TorchRuntime.InferenceMode();
        _arena.Copy(from, to, elements);
    }

    /// <summary>Copies the rings of one region into another one, so that a sequence can go on where a prefix ends.</summary>
    public void CopyRings(KvRegion from, KvRegion to)
    {
        using var mode = TorchRuntime.InferenceMode();
        for (int owner = 0; owner < Geometry.Owners.Count; owner++)
        {
            var shape = Geometry.Owners[owner];
            if (shape.Window is { } window)
                _arena.Copy(Geometry.Locate(owner, from).Keys, Geometry.Locate(owner, to).Keys, 2L * window * shape.RowElements);
        }
    }

    private RotaryTable? Rotary(RopeSpec? rope)
    {
        if (rope is null)
            return null;
        int known = _ropes.FindIndex(r => r.Magnitude == rope.Magnitude && r.InverseFrequencies.AsSpan().SequenceEqual(rope.InverseFrequencies));
        if (known >= 0)
            return _rotary[known];
        _ropes.Add(rope);
        _rotary.Add(new RotaryTable(rope.InverseFrequencies, rope.Magnitude, _device));
        return _rotary[^1];
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _embedding.Dispose();
        foreach (var layer in _layers)
            layer.Dispose();
        foreach (var table in _rotary)
            table.Dispose();
        _finalNorm.Dispose();
        _head.Dispose();
        _arena.Dispose();
    }
}
