using System.Globalization;
using MixAttention.Batch.Cli.Display;
using MixAttention.Engine.KvCache;
using Spectre.Console;

namespace MixAttention.Batch.Cli.Plans;

/// <summary>Prints plans for people.</summary>
internal static class PlanTables
{
    /// <summary>Prints one layout: its layers, then what they cost.</summary>
    public static void PrintOne(CliHost host, PlanReport plan, string explanation)
    {
        var layers = new Table().Border(TableBorder.Simple).AddColumns(Right("layer"), Left("attention"), Right("window"), Left("KV"), Left("KV heads"));
        foreach (var layer in plan.Layers)
        {
            string owner = layer.KvOwner == layer.Layer ? "own" : string.Create(CultureInfo.InvariantCulture, $"of layer {layer.KvOwner}");
            layers.AddRow(Quantity.Of(layer.Layer), layer.Attention, layer.Window is { } w ? Quantity.Of(w) : "–", owner, $"{layer.KvHeads} × {layer.HeadDim}");
        }

        host.Output.WriteLine($"{plan.Name}: {plan.Layers.Count} layers, {(plan.BytesPerElement == 2 ? "bfloat16" : "float32")} keys and values. A window counts the query's own position.");
        host.Write(layers);
        host.Output.WriteLine($"Owners: {plan.FullOwners.Count} full ({List(plan.FullOwners)}), {plan.WindowOwners.Count} with a window ({List(plan.WindowOwners)}).");
        host.Output.WriteLine($"Per token {Quantity.Of(plan.BytesPerToken)} bytes in full owners; per sequence {Quantity.Of(plan.RingBytes)} bytes in windows, whatever its length.");

        var fits = new Table().Border(TableBorder.Simple).AddColumns(Left($"{Quantity.Of(plan.Length)} tokens in {ByteSize.Format(plan.MemoryBytes)}"), Right("per sequence"), Right("sequences"));
        fits.AddRow("this layout", ByteSize.Format(plan.Layout.BytesPerSequence), Quantity.Of(plan.Layout.Sequences));
        fits.AddRow("its sharing without eviction", ByteSize.Format(plan.SharingOnly.BytesPerSequence), Quantity.Of(plan.SharingOnly.Sequences));
        fits.AddRow("standard attention", ByteSize.Format(plan.Standard.BytesPerSequence), Quantity.Of(plan.Standard.Sequences));
        host.Write(fits);
        host.Output.WriteLine(explanation);
    }

    /// <summary>Prints layouts side by side, with the paper's numbers.</summary>
    public static void PrintAll(CliHost host, IReadOnlyList<PlanReport> plans)
    {
        var first = plans[0];
        var table = new Table().Border(TableBorder.Simple).AddColumns(
            Left("layout"), Right("full owners"), Right("window owners"), Right("KV of a sequence"), Right("sequences"), Right("without eviction"), Right("standard attention"),
            Right("max tokens in the paper"), Right("max tokens without eviction"), Right("max tokens"));
        foreach (var plan in plans)
        {
            table.AddRow(
                plan.Name, Quantity.Of(plan.FullOwners.Count), Quantity.Of(plan.WindowOwners.Count), ByteSize.Format(plan.Layout.BytesPerSequence),
                Quantity.Of(plan.Layout.Sequences), Quantity.Of(plan.SharingOnly.Sequences), Quantity.Of(plan.Standard.Sequences),
                plan.PublishedMaxTokens is { } published ? Millions(published) : "–", Millions(plan.SharingOnly.MaxTokens), Millions(plan.Layout.MaxTokens));
        }

        host.Output.WriteLine($"{first.Layers.Count} layers, KV heads {first.Layers[0].KvHeads} × {first.Layers[0].HeadDim}, {(first.BytesPerElement == 2 ? "bfloat16" : "float32")}, sequences of {Quantity.Of(first.Length)} tokens in {ByteSize.Format(first.MemoryBytes)}.");
        host.Write(table);
        host.Output.WriteLine("Paper: MixAttention, Rajput et al., PMLR 262 (2024), measured with an engine that keeps keys and values outside windows; – where it gives no number.");
    }

    private static TableColumn Left(string header) => new TableColumn(header).NoWrap();

    private static TableColumn Right(string header) => new TableColumn(header).RightAligned();

    private static string Millions(long tokens) => string.Create(CultureInfo.InvariantCulture, $"{tokens / 1e6:0.00} M");

    private static string List(IReadOnlyList<int> layers) => layers.Count == 0 ? "none" : string.Join(", ", layers);
}
