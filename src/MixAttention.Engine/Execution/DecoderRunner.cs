using MixAttention.Compute;
using MixAttention.Engine.Scheduling;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Decoding;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;
using MixAttention.Model.Spec;

namespace MixAttention.Engine.Execution;

/// <summary>Runs step plans on a decoder: the one place where plans meet tensors.</summary>
public sealed class DecoderRunner : IModelRunner
{
    private readonly Decoder _decoder;
    private readonly ComputeDevice _device;

    private DecoderRunner(Decoder decoder, ComputeDevice device)
    {
        _decoder = decoder;
        _device = device;
    }

    /// <inheritdoc />
    public int VocabularySize => _decoder.Spec.VocabularySize;

    /// <inheritdoc />
    public int MaxSequenceLength => _decoder.Spec.MaxSequenceLength;

    /// <inheritdoc />
    public KvGeometry KvGeometry => _decoder.Geometry;

    /// <inheritdoc />
    public long KvArenaElements => _decoder.ArenaElements;

    /// <summary>Gets the decoder's description.</summary>
    public DecoderSpec Spec => _decoder.Spec;

    /// <summary>Gets where the decoder's time went so far.</summary>
    public DecoderProfile Profile => _decoder.Profile;

    /// <inheritdoc />
    public string NumericsVersion => _device.NumericsVersion;

    /// <summary>Loads a model; call it on the thread that will run it.</summary>
    /// <param name="modelFolder">A Hugging Face folder.</param>
    /// <param name="options">What the operator decided.</param>
    /// <exception cref="CheckpointException">The weights are damaged or don't fit the configuration.</exception>
    /// <exception cref="ConfigException">The configuration asks for something unsupported.</exception>
    /// <exception cref="ComputeException">The device is not there.</exception>
    public static DecoderRunner Load(string modelFolder, RunnerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var checkpoint = Checkpoint.Open(modelFolder);
        var spec = DecoderSpecReader.Read(checkpoint.Config, [.. checkpoint.Tensors.Keys]);
        checkpoint.Verify(spec);
        TorchRuntime.Initialize(options.Threads);
        bool isBFloat16 = checkpoint.Tensors[spec.Embedding.Name].Type == StoredType.BF16;
        var device = new ComputeDevice(options.Device, options.Precision, isBFloat16, options.ForceTiles);
        return new DecoderRunner(new Decoder(checkpoint, spec, device, options.KvBytes), device);
    }

    /// <inheritdoc />
    public long CountPrefillFlops(PrefillTrim trim, int position, int tokens) => PrefillFlops.Count(_decoder.Spec, trim, position, position + tokens);

    /// <inheritdoc />
    public void Run(StepPlan plan, LogitsHandler onLogits)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(onLogits);
        var segments = plan.Prefill.Select(c => new PromptSegment(c.Region, c.Position, c.TokenIds, c.Trim, c.IsLast)).ToArray();
        var rows = plan.Decode.Select(d => new DecodeRow(d.Region, d.Position, d.TokenId)).ToArray();
        using var logits = _decoder.Forward(new DecoderBatch(segments, rows));
        HandOut(logits, onLogits);
    }

    /// <inheritdoc />
    public void MoveKv(long fromElement, long toElement, long elements) => _decoder.MoveKv(fromElement, toElement, elements);

    /// <inheritdoc />
    public void CopyRings(KvRegion source, KvRegion target) => _decoder.CopyRings(source, target);

    /// <inheritdoc />
    public void Dispose() => _decoder.Dispose();

    private static unsafe void HandOut(TorchSharp.torch.Tensor logits, LogitsHandler onLogits)
    {
        int rows = (int)logits.shape[0], vocabulary = (int)logits.shape[1];
        if (rows == 0)
            return;
        float* values = (float*)logits.HostPointer();
        for (int row = 0; row < rows; row++)
            onLogits(row, new ReadOnlySpan<float>(values + (long)row * vocabulary, vocabulary));
    }
}
