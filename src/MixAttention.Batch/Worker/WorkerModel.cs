using MixAttention.Batch.Jobs;
using MixAttention.Batch.Models;
using MixAttention.Batch.Records;
using MixAttention.Engine;

namespace MixAttention.Batch.Worker;

/// <summary>The one model that a worker serves, and how the operator runs it.</summary>
public sealed record WorkerModel
{
    /// <summary>Gets the name that jobs ask for.</summary>
    public required string Name { get; init; }

    /// <summary>Gets its text side, and how the rest is loaded.</summary>
    public required TextModel Text { get; init; }

    /// <summary>Gets how its files are digested; called once.</summary>
    public required Func<CancellationToken, Task<ModelDigest>> Digest { get; init; }

    /// <summary>Gets the engine's options.</summary>
    public EngineOptions Engine { get; init; } = new();

    /// <summary>Gets the kind of device.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Gets the arithmetic, as asked for.</summary>
    public string Precision { get; init; } = "auto";

    /// <summary>Gets whether traces hold every step of the engine.</summary>
    /// <value>False unless set: then they hold sums over short times.</value>
    public bool TracesSteps { get; init; }

    /// <summary>Gets what a job's results depend on, besides the documents, when this model makes them.</summary>
    internal string FingerprintOf(JobManifest manifest, ModelDigest digest) => new FingerprintInput
    {
        Task = manifest.Task.Kind,
        Instructions = manifest.Task.Instructions,
        ContextTokens = manifest.Task.ContextTokens,
        Rules = manifest.Rules == ReadingRules.First ? null : manifest.Rules,
        ModelName = manifest.ModelName,
        ModelDigest = digest.Model,
        Sampling = manifest.Sampling,
        ChunkTokens = Engine.ChunkTokens,
        Device = Device,
        Precision = Precision,
        TrimPrefill = Engine.TrimPrefill,
        Fields = manifest.Input.Fields,
        RowMaxTokens = manifest.Input.MaxTokens,
    }.Compute();

    /// <summary>Gets everything that can change a bit of a result.</summary>
    internal Numerics NumericsOf(ModelDigest digest, string numericsVersion) => new()
    {
        ModelDigest = digest.Model,
        TokenizerDigest = digest.Tokenizer,
        TemplateDigest = digest.Template,
        Device = Device,
        Precision = Precision,
        ChunkTokens = Engine.ChunkTokens,
        TrimPrefill = Engine.TrimPrefill,
        NumericsVersion = numericsVersion,
    };
}
