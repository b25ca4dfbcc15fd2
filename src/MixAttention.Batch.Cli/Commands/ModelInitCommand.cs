using System.CommandLine;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Models;
using MixAttention.Engine.KvCache;
using MixAttention.Model.Checkpoints;
using MixAttention.Model.Families;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch model init</c>: writes a model with random weights, for benchmarks.</summary>
internal sealed class ModelInitCommand
{
    private static readonly RandomCheckpointOptions Defaults = new();

    private readonly CliHost _host;
    private readonly Argument<string> _path = new("PATH") { Description = "Folder to make; must be empty if it exists." };
    private readonly Option<string?> _preset = Parsing.OneOf("--preset", $"Layout: {string.Join(", ", LayoutPresets.Names)}.", Defaults.Preset, "NAME", LayoutPresets.Names);
    private readonly Option<int> _layers = Parsing.Integer("--layers", "Layers.", Defaults.Layers, 1, 4096);
    private readonly Option<int> _width = Parsing.Integer("--width", "Width of the residual stream.", Defaults.Width, 1, 1 << 20);
    private readonly Option<int?> _heads = Parsing.OptionalInteger("--heads", "Query heads; width / head size unless given.", 1, 65536);
    private readonly Option<int?> _headDim = Parsing.OptionalInteger("--head-dim", "Size of a head; 64 unless given.", 1, 65536);
    private readonly Option<int?> _kvHeads = Parsing.OptionalInteger("--kv-heads", "KV heads; a quarter of the query heads unless given.", 1, 65536);
    private readonly Option<int?> _ffn = Parsing.OptionalInteger("--ffn", "Inner width of the feed-forward networks; 8/3 of the width unless given.", 1, 1 << 20);
    private readonly Option<int> _vocabulary = Parsing.Integer("--vocabulary", "Token ids.", Defaults.Vocabulary, 4, 1 << 24);
    private readonly Option<int> _window = Parsing.Integer("--window", "Keys that a window layer sees, the query's own included.", Defaults.Window, 1);
    private readonly Option<int> _maxLength = Parsing.Integer("--max-length", "Longest sequence in tokens.", Defaults.MaxLength, 1);
    private readonly Option<int> _seed = Parsing.Integer("--seed", "Seed of the weights: equal options give equal bytes on every machine.", (int)Defaults.Seed, 0);
    private readonly Option<string?> _type = Parsing.OneOf("--dtype", "Number format of the weights.", "bf16", "bf16|f32", "bf16", "f32");

    private ModelInitCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var init = new ModelInitCommand(host);
        var command = new Command("init", "Write a model with random weights, for benchmarks; it has no tokenizer.")
        {
            init._path, init._preset, init._layers, init._width, init._heads, init._headDim, init._kvHeads, init._ffn, init._vocabulary, init._window, init._maxLength, init._seed, init._type,
        };
        command.SetAction(init.Run);
        return command;
    }

    private void Run(ParseResult result)
    {
        string path = result.GetRequiredValue(_path);
        if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
            throw BatchException.Usage($"{path} exists and is not an empty folder. Choose another path.");
        var options = new RandomCheckpointOptions
        {
            Preset = result.GetValue(_preset)!, // it has a default
            Layers = result.GetValue(_layers),
            Width = result.GetValue(_width),
            Heads = result.GetValue(_heads),
            HeadDim = result.GetValue(_headDim),
            KvHeads = result.GetValue(_kvHeads),
            FfnSize = result.GetValue(_ffn),
            Vocabulary = result.GetValue(_vocabulary),
            Window = result.GetValue(_window),
            MaxLength = result.GetValue(_maxLength),
            Seed = (ulong)result.GetValue(_seed),
            Type = result.GetValue(_type) == "f32" ? StoredType.F32 : StoredType.BF16,
        };
        try
        {
            RandomCheckpoint.Write(path, options);
        }
        catch (ConfigException e)
        {
            throw BatchException.Usage(string.Join(" ", e.Problems));
        }

        var model = ModelFacts.Read(path);
        _host.Output.WriteLine($"{path}: {model.ParameterCount:N0} parameters, {ByteSize.Format(model.WeightBytes)}. Measure it with mixbatch bench --model {path}");
    }
}
