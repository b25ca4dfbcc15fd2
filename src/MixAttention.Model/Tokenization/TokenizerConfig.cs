using System.Text.Json;

namespace MixAttention.Model.Tokenization;

/// <summary>What a model folder's tokenizer_config.json, special_tokens_map.json and generation_config.json say about special tokens and chat templates.</summary>
internal sealed record TokenizerConfig
{
    private const string Suffix = "_token";

    /// <summary>Gets the texts of the named special tokens, such as <c>bos_token</c> and <c>eos_token</c>.</summary>
    public required IReadOnlyDictionary<string, string> NamedTokens { get; init; }

    /// <summary>Gets whether a prompt that no template made begins with the bos token; null where the files do not say.</summary>
    public bool? AddBosToken { get; init; }

    /// <summary>Gets the ids that end a text according to generation_config.json.</summary>
    public IReadOnlyList<int> GenerationEndTokenIds { get; init; } = [];

    /// <summary>Gets the chat templates of tokenizer_config.json by their names; one without a name is <c>default</c>.</summary>
    public IReadOnlyDictionary<string, string> ChatTemplates { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads the files that exist; a folder without any gives an empty configuration.</summary>
    /// <exception cref="TokenizerException">A file is not JSON.</exception>
    public static TokenizerConfig Read(string modelFolder)
    {
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        AddNamedTokens(named, JsonFile.TryRead(Path.Combine(modelFolder, "special_tokens_map.json")));
        var config = JsonFile.TryRead(Path.Combine(modelFolder, "tokenizer_config.json"));
        AddNamedTokens(named, config);
        return new TokenizerConfig
        {
            NamedTokens = named,
            AddBosToken = config.Find("add_bos_token") switch
            {
                { ValueKind: JsonValueKind.True } => true,
                { ValueKind: JsonValueKind.False } => false,
                _ => null,
            },
            GenerationEndTokenIds = Ids(JsonFile.TryRead(Path.Combine(modelFolder, "generation_config.json")).Find("eos_token_id")),
            ChatTemplates = Templates(config.Find("chat_template")),
        };
    }

    private static void AddNamedTokens(Dictionary<string, string> named, JsonElement file)
    {
        if (file.ValueKind != JsonValueKind.Object)
            return;
        foreach (var property in file.EnumerateObject().Where(p => p.Name.EndsWith(Suffix, StringComparison.Ordinal)))
        {
            // Older files write a token as an object with its matching options beside the text.
            var value = property.Value.ValueKind == JsonValueKind.Object ? property.Value.Find("content") : property.Value;
            if (value.ValueKind == JsonValueKind.String)
                named[property.Name] = value.GetString()!; // a JSON string is never null
        }
    }

    private static Dictionary<string, string> Templates(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            return new() { ["default"] = value.GetString()! }; // a JSON string is never null
        var templates = new Dictionary<string, string>(StringComparer.Ordinal);
        if (value.ValueKind != JsonValueKind.Array)
            return templates;
        foreach (var entry in value.EnumerateArray())
        {
            if (entry.Find("name") is { ValueKind: JsonValueKind.String } name && entry.Find("template") is { ValueKind: JsonValueKind.String } template)
                templates[name.GetString()!] = template.GetString()!;
        }
        return templates;
    }

    private static int[] Ids(JsonElement value)
    {
        IEnumerable<JsonElement> values = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        return [.. values.Where(v => v.ValueKind == JsonValueKind.Number).Select(v => v.TryGetInt32(out int id) ? id : -1).Where(id => id >= 0)];
    }
}
