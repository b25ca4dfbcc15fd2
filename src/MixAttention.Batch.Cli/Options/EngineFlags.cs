using System.CommandLine;
using MixAttention.Batch.Memory;
using MixAttention.Batch.Models;
using MixAttention.Compute;
using MixAttention.Engine;
using MixAttention.Engine.Execution;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The options that say which model runs, on what and with how much memory.</summary>
internal sealed class EngineFlags
{
    private static readonly EngineOptions Defaults = new();

    private readonly Option<string?> _model = new("--model", "-m") { Description = "Model folder: config.json, *.safetensors, tokenizer.json. The demo model unless given.", HelpName = "PATH" };
    private readonly Option<long?> _memory = Parsing.Size("--memory", "Memory for keys and values, such as 4GiB. Unless given: 0.8 × (free memory or control group's limit − weights − scratch), at most what the requests can use.");
    private readonly Option<int?> _threads = Parsing.OptionalInteger("--threads", "Threads of libtorch; one per processor unless given.", 1, 4096);
    private readonly Option<string?> _device = Parsing.OneOf("--device", "Where to compute.", "cpu", "cpu|cuda", "cpu", "cuda");
    private readonly Option<string?> _precision = Parsing.OneOf("--precision", "Number format of products, keys and values; auto takes the checkpoint's.", "auto", "auto|float32|bfloat16", "auto", "float32", "bfloat16");
    private readonly Option<int> _chunk = Parsing.Integer("--chunk", "Tokens of a prefill chunk.", Defaults.ChunkTokens, 1, 1 << 20);
    private readonly Option<int> _maxSequences = Parsing.Integer("--max-sequences", "Sequences that run at once at most.", Defaults.MaxSequences, 1, 1 << 20);
    private readonly Option<bool> _noTrim = new("--no-trim") { Description = "Compute every prompt position in every layer, also those that nothing can read." };
    private readonly Option<bool> _noPrefixSharing = new("--no-prefix-sharing") { Description = "Compute for each request the tokens that several requests have in common. Results are the same." };

    /// <summary>The demo model's name in results.</summary>
    public const string DemoModelName = "mixbatch-demo";

    /// <summary>Gets the folder of the demo model, which lies beside the executable.</summary>
    public static string DemoModel => Path.Combine(AppContext.BaseDirectory, "Demo", "model");

    /// <summary>Gets the folder of the sample documents.</summary>
    public static string DemoSamples => Path.Combine(AppContext.BaseDirectory, "Demo", "samples");

    public void AddTo(Command command)
    {
        Option[] options = [_model, _memory, _threads, _device, _precision, _chunk, _maxSequences, _noTrim, _noPrefixSharing];
        foreach (var option in options)
            command.Add(option);
    }

    public string ModelFolder(ParseResult result) => result.GetValue(_model) ?? DemoModel;

    /// <summary>Opens the model that was asked for, or the demo model, and says so.</summary>
    public ModelFacts OpenModel(ParseResult result, TextWriter messages)
    {
        if (result.GetValue(_model) is null)
            messages.WriteLine("Using the demo model, which knows incident reviews only; --model PATH takes another.");
        return ModelFacts.Read(ModelFolder(result));
    }

    /// <summary>Gets the model's name in results.</summary>
    public string ModelName(ParseResult result, ModelFacts model) => result.GetValue(_model) is null ? DemoModelName : model.Name;

    public EngineOptions ReadEngine(ParseResult result) => new()
    {
        ChunkTokens = result.GetValue(_chunk),
        MaxTokensPerStep = Math.Max(Defaults.MaxTokensPerStep, result.GetValue(_chunk)),
        MaxSequences = result.GetValue(_maxSequences),
        MaxWaiting = 1024, // a prompt waits in memory: 4 bytes a token
        TrimPrefill = !result.GetValue(_noTrim),
        SharePrefixes = !result.GetValue(_noPrefixSharing),
    };

    /// <summary>Decides the memory for keys and values.</summary>
    /// <param name="usableBytes">What the requests can use at most.</param>
    public KvMemory ReadMemory(ParseResult result, ModelFacts model, EngineOptions engine, long usableBytes)
    {
        if (result.GetValue(_memory) is { } bytes)
            return KvMemory.Asked(bytes);
        if (Device(result) == "cuda")
            throw BatchException.Usage("--device cuda needs --memory: give the size of the device's memory less the weights and about a gigabyte of scratch.");
        long weights = model.WeightBytes * (PrecisionOf(result) == Precision.Float32 && model.KvBytesPerElement == 2 ? 2 : 1);
        return KvMemory.Choose(HostMemory.Read(), weights, model.EstimateScratchBytes(engine), usableBytes);
    }

    public RunnerOptions ReadRunner(ParseResult result, long kvBytes) =>
        new() { Device = Device(result), Precision = PrecisionOf(result), KvBytes = kvBytes, Threads = result.GetValue(_threads) };

    public string Device(ParseResult result) => result.GetValue(_device)!; // it has a default

    public string PrecisionName(ParseResult result) => result.GetValue(_precision)!;

    public int? Threads(ParseResult result) => result.GetValue(_threads);

    /// <summary>Gets the bytes of a stored key or value.</summary>
    public int KvBytesPerElement(ParseResult result, ModelFacts model) => PrecisionOf(result) switch
    {
        Precision.Float32 => 4,
        Precision.BFloat16 => 2,
        _ => model.KvBytesPerElement,
    };

    private Precision PrecisionOf(ParseResult result) => Enum.Parse<Precision>(PrecisionName(result), ignoreCase: true);
}
