using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace MixAttention.Deployment.Tests.Helm;

/// <summary>The objects that a chart becomes.</summary>
/// <param name="Text">As Helm writes them.</param>
/// <param name="Objects">All of them.</param>
internal sealed record RenderedChart(string Text, IReadOnlyList<JsonObject> Objects)
{
    private static readonly IDeserializer Reader = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
    private static readonly ISerializer JsonWriter = new SerializerBuilder().JsonCompatible().Build();

    /// <summary>Reads one YAML document.</summary>
    public static JsonObject ParseOne(string yaml) => Parse(yaml).Objects[0];

    /// <summary>Reads YAML documents; empty ones are left out.</summary>
    public static RenderedChart Parse(string yaml)
    {
        var objects = new List<JsonObject>();
        var parser = new Parser(new StringReader(yaml));
        parser.Consume<StreamStart>();
        while (parser.Accept<DocumentStart>(out _))
        {
            if (JsonNode.Parse(JsonWriter.Serialize(Reader.Deserialize(parser))) is JsonObject found)
                objects.Add(found);
        }

        return new RenderedChart(yaml, objects);
    }

    /// <summary>Gets the object of a kind, of which there is one.</summary>
    public JsonObject this[string kind] => Objects.Single(o => o["kind"]!.GetValue<string>() == kind);

    /// <summary>Gets the kinds of all objects, in order.</summary>
    public string[] Kinds => [.. Objects.Select(o => o["kind"]!.GetValue<string>()).Order(StringComparer.Ordinal)];

    /// <summary>Gets the template of the worker's pods.</summary>
    public JsonNode WorkerPod => Objects.Where(o => o["kind"]!.GetValue<string>() is "ScaledJob" or "Deployment").Select(o => o["spec"]!["jobTargetRef"]?["template"] ?? o["spec"]!["template"]!).Single();

    /// <summary>Gets the worker's container.</summary>
    public JsonNode Worker => WorkerPod["spec"]!["containers"]![0]!;

    /// <summary>Gets the worker's environment.</summary>
    public Dictionary<string, string> Environment => Worker["env"]!.AsArray().ToDictionary(e => e!["name"]!.GetValue<string>(), e => e!["value"]!.GetValue<string>());
}
