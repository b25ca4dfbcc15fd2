using System.CommandLine;
using MixAttention.Batch.Memory;
using MixAttention.Batch.Models;
using MixAttention.Batch.Worker;
using MixAttention.Compute;
using MixAttention.Engine;
using MixAttention.Engine.Execution;

namespace MixAttention.Batch.Cli.Options;

/// <summary>The options that say which model runs, on what and with how much memory.</summary>
/// <param name="requiresModel">Whether --model must be given; the demo model stands in for it otherwise.</param>
internal sealed class EngineFlags(bool requiresModel = false)
{
    private static readonly EngineOptions Defaults = new();

    private readonly Option<long?> _memory = Parsing.Size("--memory", "Memory for keys and values, such as 4GiB. Unless given: 0.8 × (free memory or control group's limit − weights − scratch), at most what the requests can use.");
    private readonly Option<int?> _threads = Parsing.OptionalInteger("--threads", "Threads of libtorch; one per processor unless given.", 1, 4096);
    private readonly Option<string?> _device = Parsing.OneOf("--device", "Where to compute.", "cpu", "cpu|cuda", "cpu", "cuda");
    private readonly Option<string?> _precision = Parsing.OneOf("--precision", "Number format of products, keys and values; auto takes the checkpoint's.", "auto", "auto|float32|bfloat16", "auto", "float32", "bfloat16");
    private readonly Option<int> _chunk = Parsing.Integer("--chunk", "Tokens of a prefill chunk.", Defaults.ChunkTokens, 1, 1 << 20);
    private readonly Option<int> _maxSequences = Parsing.Integer("--max-sequences", "Sequences that run at once at most.", Defaults.MaxSequences, 1, 1 << 20);
    private readonly Option<bool> _noTrim = new("--no-trim") { Description = "Compute every prompt position in every layer, also those that nothing can read." };
    private readonly Option<bool> _noPrefixSharing = new("--no-prefix-sharing") { Description = "Compute for each request the tokens that several requests have in common. Results are the same." };

    private readonly Option<bool> _traceSteps = new("--trace-steps") { Description = "Write every step of the engine into the traces, and so into the report; sums over short times unless given." };

    /// <summary>Gets the option that names the model.</summary>
    public ModelFlag Model { get; } = new(requiresModel);

    /// <summary>Adds the options of a command that runs jobs, which leave traces.</summary>
    public void AddWithTracesTo(Command command)
    {
        AddTo(command);
        command.Add(_traceSteps);
    }

    public void AddTo(Command command)
    {
        Model.AddTo(command);
        Option[] options = [_memory, _threads, _device, _precision, _chunk, _maxSequences, _noTrim, _noPrefixSharing];
        foreach (var option in options)
            command.Add(option);
    }

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
            return KvMemory.Asked(bytes, Device(result) == "cpu" ? HostMemory.Read() : null);
        if (Device(result) == "cuda")
            throw BatchException.Usage("--device cuda needs --memory: give the size of the device's memory less the weights and about a gigabyte of scratch.");
        long weights = model.WeightBytes * (PrecisionOf(result) == Precision.Float32 && model.KvBytesPerElement == 2 ? 2 : 1);
        return KvMemory.Choose(HostMemory.Read(), weights, model.EstimateScratchBytes(engine), usableBytes);
    }

    public RunnerOptions ReadRunner(ParseResult result, long kvBytes) =>
        new() { Device = Device(result), Precision = PrecisionOf(result), KvBytes = kvBytes, Threads = result.GetValue(_threads) };

    /// <summary>Gets the model as a worker serves it.</summary>
    /// <param name="name">Its name in results.</param>
    /// <param name="memory">The memory for keys and values.</param>
    /// <param name="say">Takes its explanation when the model is loaded; called on the engine's thread.</param>
    /// <returns>The caller disposes its text side.</returns>
    public WorkerModel ReadModel(ParseResult result, CliHost host, ModelFacts model, string name, KvMemory memory, Action<string> say) => new()
    {
        Name = name,
        Text = TextModel.Open(model, () =>
        {
            say(memory.Explanation);
            return host.LoadRunner(model.Folder, ReadRunner(result, memory.Bytes));
        }),
        Digest = stop => ModelDigest.ComputeAsync(model, stop),
        Engine = ReadEngine(result),
        Device = Device(result),
        Precision = PrecisionName(result),
        TracesSteps = result.GetValue(_traceSteps),
    };

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
