using System.CommandLine;
using System.Globalization;
using MixAttention.Batch.Cli.Display;
using MixAttention.Batch.Models;
using MixAttention.Engine.KvCache;
using MixAttention.Model.Layouts;
using Spectre.Console;

namespace MixAttention.Batch.Cli.Commands;

/// <summary><c>mixbatch model inspect</c>: what a model folder holds, and everything that is wrong with it.</summary>
internal static class ModelInspectCommand
{
    public static Command Create(CliHost host)
    {
        var path = new Argument<string>("PATH") { Description = "Model folder." };
        var command = new Command("inspect", "Show family, sizes, layout, tokenizer, number format and problems.") { path };
        command.SetAction(result => Run(host, result.GetRequiredValue(path)));
        return command;
    }

    private static int Run(CliHost host, string folder)
    {
        var model = ModelInspection.Of(folder);
        var grid = new Grid().AddColumn(new GridColumn { NoWrap = true }).AddColumn();
        foreach (var (name, value) in model.Facts is { } facts ? Describe(facts) : [])
            grid.AddRow(new Text(name), new Text(value));
        string tokenizer = model.TokenizerVocabulary is { } size
            ? $"{Quantity.Of(size)} ids, ends at {(model.EndTokenIds.Count == 0 ? "none" : string.Join(", ", model.EndTokenIds))}, {(model.HasChatTemplate ? "with" : "without")} chat template"
            : "none that can be used";
        grid.AddRow(new Text("tokenizer"), new Text(tokenizer));
        grid.AddRow(new Text("problems"), new Text(model.Problems.Count == 0 ? "none" : Quantity.Of(model.Problems.Count)));
        host.Write(grid);
        foreach (string problem in model.Problems)
            host.Error.WriteLine($"mixbatch: {problem.ReplaceLineEndings(" ")}");
        return model.Problems.Count == 0 ? ExitCodes.Fine : ExitCodes.JobFailed;
    }

    private static List<(string, string)> Describe(ModelFacts model)
    {
        var spec = model.Spec;
        var geometry = new KvGeometry(spec, model.KvBytesPerElement);
        var heads = spec.Layers.Select(l => $"{l.Attention.QueryHeads} query and {l.Attention.KvHeads} KV heads of {l.Attention.HeadDim}").Distinct();
        return
        [
            ("family", spec.Family),
            ("parameters", Quantity.Of(model.ParameterCount)),
            ("weights", $"{ByteSize.Format(model.WeightBytes)}: {string.Join(", ", model.WeightTypes.Select(t => $"{t.Type} {ByteSize.Format(t.Bytes)}"))}, in {Quantity.Of(model.WeightFiles.Count, "file")}"),
            ("sizes", $"{spec.Layers.Count} layers of width {Quantity.Of(spec.Width)}; {string.Join(" or ", heads)}; vocabulary {Quantity.Of(spec.VocabularySize)}"),
            ("longest sequence", $"{Quantity.Of(spec.MaxSequenceLength)} tokens"),
            ("layout", Layout(spec.Layout)),
            ("KV", $"{Quantity.Of(geometry.BytesPerToken)} bytes per token and {Quantity.Of(geometry.RingBytes)} per sequence, as {(model.KvBytesPerElement == 2 ? "bfloat16" : "float32")}"),
        ];
    }

    /// <summary>Writes a layout as the paper draws it: F full, S with a window, →n with the keys and values of layer n.</summary>
    private static string Layout(AttentionLayout layout)
    {
        var layers = layout.Layers.Select((l, i) => (l.IsFull ? "F" : "S") + (layout.OwnsKv(i) ? "" : string.Create(CultureInfo.InvariantCulture, $"→{l.KvOwner}")));
        int[] windows = [.. layout.Layers.Where(l => !l.IsFull).Select(l => l.Window!.Value).Distinct().Order()]; // not full, so it has one
        return $"{string.Join(' ', layers)}{(windows.Length == 0 ? "" : $"; windows of {string.Join(", ", windows.Select(w => Quantity.Of(w)))} keys")}";
    }
}
