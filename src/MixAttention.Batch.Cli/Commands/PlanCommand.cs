using System.CommandLine;
using System.Text.Json;
using MixAttention.Batch.Cli.Options;
using MixAttention.Batch.Cli.Plans;
using MixAttention.Batch.Memory;
using MixAttention.Batch.Models;
using MixAttention.Engine;
using MixAttention.Engine.KvCache;
using MixAttention.Model.Layouts;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch plan</c>: what keys and values cost and how many sequences fit. Computes; loads no weights.</summary>
internal sealed class PlanCommand
{
    private const string AllPresets = "all";

    private readonly CliHost _host;
    private readonly Option<string?> _model = new("--model", "-m") { Description = "Model folder; the demo model unless this or --preset is given.", HelpName = "PATH" };
    private readonly Option<string?> _preset = Parsing.OneOf(
        "--preset", $"A layout of the paper instead of a model, or '{AllPresets}' for all fifteen side by side.", null, "NAME", [AllPresets, .. LayoutPresets.Names]);

    private readonly Option<int> _layers = Parsing.Integer("--layers", "Layers of the preset.", PaperNumbers.Layers, 1, 1024);
    private readonly Option<int> _kvHeads = Parsing.Integer("--kv-heads", "KV heads of each layer.", PaperNumbers.KvHeads, 1, 1024);
    private readonly Option<int> _headDim = Parsing.Integer("--head-dim", "Size of a head.", PaperNumbers.HeadDim, 1, 65536);
    private readonly Option<int> _window = Parsing.Integer("--window", "Keys that a window layer sees, the query's own included (llm-foundry's sliding_window_size plus one).", PaperNumbers.Window, 1);
    private readonly Option<string?> _type = Parsing.OneOf("--dtype", "Number format of keys and values.", "bf16", "bf16|f32", "bf16", "f32");
    private readonly Option<long?> _memory = Parsing.Size("--memory", "Memory for keys and values; 56.9GB for presets, as in the paper, what this machine has for models unless given.");
    private readonly Option<int> _length = Parsing.Integer("--length", "Tokens of a sequence, prompt and answer together.", PaperNumbers.Length, 1);
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    private PlanCommand(CliHost host) => _host = host;

    public static Command Create(CliHost host)
    {
        var plan = new PlanCommand(host);
        var command = new CheckedCommand("plan", "Show layers, KV owners, bytes and how many sequences fit, against standard attention.")
        {
            plan._model, plan._preset, plan._layers, plan._kvHeads, plan._headDim, plan._window, plan._type, plan._memory, plan._length, plan._json,
        };
        Option[] shape = [plan._layers, plan._kvHeads, plan._headDim, plan._window, plan._type];
        command.Checks.Add(result => CheckedCommand.IsGiven(result, plan._preset) && CheckedCommand.IsGiven(result, plan._model) ? "--model and --preset exclude each other. Give one of them." : null);
        command.Checks.Add(result =>
        {
            var given = shape.Where(o => CheckedCommand.IsGiven(result, o)).Select(o => o.Name).ToList();
            return given.Count > 0 && !CheckedCommand.IsGiven(result, plan._preset) ? $"{string.Join(", ", given)}: a model brings its own shape. Leave out, or give --preset." : null;
        });
        command.SetAction(plan.Run);
        return command;
    }

    private void Run(ParseResult result)
    {
        int length = result.GetValue(_length);
        if (result.GetValue(_preset) is { } preset)
            PlanPreset(result, preset, length);
        else
            PlanModel(result, length);
    }

    private void PlanPreset(ParseResult result, string preset, int length)
    {
        long memory = result.GetValue(_memory) ?? PaperNumbers.MemoryBytes;
        if (preset == AllPresets)
        {
            PlanAll(result, memory, length);
            return;
        }

        Print(result, preset, Geometry(result, preset), memory, length, PaperNumbers.PublishedMaxTokens(preset));
    }

    private void PlanAll(ParseResult result, long memory, int length)
    {
        var plans = new List<PlanReport>();
        foreach (string name in LayoutPresets.Names)
        {
            try
            {
                plans.Add(PlanReport.Create(name, Geometry(result, name), memory, length, PaperNumbers.PublishedMaxTokens(name)));
            }
            catch (LayoutException e)
            {
                // A pattern that does not admit this number of layers is left out; the two plain ones admit every number.
                _host.Error.WriteLine(e.Message);
            }
        }

        if (result.GetValue(_json))
            _host.Output.WriteLine(JsonSerializer.Serialize(plans, PlanJson.Default.IReadOnlyListPlanReport));
        else
            PlanTables.PrintAll(_host, plans);
    }

    private void PlanModel(ParseResult result, int length)
    {
        string folder = result.GetValue(_model) ?? ModelFlag.DemoModel;
        if (result.GetValue(_model) is null)
            _host.Error.WriteLine("Planning the demo model; --model PATH takes another, --preset NAME a layout.");
        var model = ModelFacts.Read(folder);
        if (result.GetResult(_length) is { Implicit: true })
            length = Math.Min(length, model.Spec.MaxSequenceLength);
        if (length > model.Spec.MaxSequenceLength)
            throw BatchException.Usage($"--length is {length}, and the model takes at most {model.Spec.MaxSequenceLength} tokens. Give a shorter one.");
        long memory = result.GetValue(_memory) ?? KvMemory.Choose(HostMemory.Read(), model.WeightBytes, model.EstimateScratchBytes(new EngineOptions()), long.MaxValue).Bytes;
        Print(result, folder == ModelFlag.DemoModel ? ModelFlag.DemoModelName : model.Name, new KvGeometry(model.Spec, model.KvBytesPerElement), memory, length, null);
    }

    private KvGeometry Geometry(ParseResult result, string preset) =>
        new(LayoutPresets.Create(preset, result.GetValue(_layers), result.GetValue(_window)), result.GetValue(_kvHeads), result.GetValue(_headDim), result.GetValue(_type) == "bf16" ? 2 : 4);

    private void Print(ParseResult result, string name, KvGeometry geometry, long memory, int length, long? published)
    {
        var plan = PlanReport.Create(name, geometry, memory, length, published);
        if (result.GetValue(_json))
            _host.Output.WriteLine(JsonSerializer.Serialize(plan, PlanJson.Default.PlanReport));
        else
            PlanTables.PrintOne(_host, plan, new KvBudget(geometry, memory, length).ToString());
    }
}
