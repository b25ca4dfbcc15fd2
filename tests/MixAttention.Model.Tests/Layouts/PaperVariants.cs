using System.Runtime.CompilerServices;
using System.Text.Json;
using MixAttention.Model.Layouts;

namespace MixAttention.Model.Tests.Layouts;

/// <summary>Reads the paper's fifteen layouts of 24 layers from variants.json (types: F full, S sliding).</summary>
internal static class PaperVariants
{
    public const int Window = 1025;

    private static readonly Dictionary<string, AttentionLayout> Layouts = Read();

    public static IReadOnlyCollection<string> Names => Layouts.Keys;

    public static AttentionLayout Of(string name) => Layouts[name];

    private static Dictionary<string, AttentionLayout> Read([CallerFilePath] string file = "")
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(file)!, "variants.json")));
        return json.RootElement.EnumerateObject().ToDictionary(v => v.Name.Split(' ')[0], v => new AttentionLayout([.. Layers(v.Value)]));
    }

    private static IEnumerable<LayerAttention> Layers(JsonElement variant)
    {
        string types = variant.GetProperty("types").GetString()!;
        return variant.GetProperty("kv_source").EnumerateArray().Select((source, i) => new LayerAttention(types[i] == 'F' ? null : Window, source.GetInt32()));
    }
}
