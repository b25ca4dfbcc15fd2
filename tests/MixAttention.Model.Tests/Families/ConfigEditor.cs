using System.Text.Json;
using System.Text.Json.Nodes;
using MixAttention.Model.Families;
using MixAttention.Model.Spec;
using MixAttention.Tests;

namespace MixAttention.Model.Tests.Families;

/// <summary>Changes keys of a configuration and reads it.</summary>
internal sealed class ConfigEditor
{
    private readonly JsonNode _json;

    private ConfigEditor(JsonNode json) => _json = json;

    public static ConfigEditor Golden(string name) => new(JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenFolder.Shipped(name), "config.json")))!);

    public static ConfigEditor Of(string json) => new(JsonNode.Parse(json)!);

    /// <summary>Sets a key, given as a path with dots, to a value, given as JSON.</summary>
    public ConfigEditor Set(string path, string value)
    {
        string[] keys = path.Split('.');
        keys[..^1].Aggregate(_json, (node, key) => node[key] ??= new JsonObject())[keys[^1]] = JsonNode.Parse(value);
        return this;
    }

    public ConfigEditor Remove(params string[] paths)
    {
        foreach (string[] keys in paths.Select(path => path.Split('.')))
            keys[..^1].Aggregate(_json, (node, key) => node[key]!).AsObject().Remove(keys[^1]);
        return this;
    }

    public DecoderSpec Read(params string[] tensorNames)
    {
        using var json = JsonDocument.Parse(_json.ToJsonString());
        return DecoderSpecReader.Read(json.RootElement, tensorNames);
    }

    public IReadOnlyList<string> Problems() => Assert.Throws<ConfigException>(() => Read()).Problems;
}
