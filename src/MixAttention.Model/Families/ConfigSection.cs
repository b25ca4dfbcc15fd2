using System.Text.Json;

namespace MixAttention.Model.Families;

/// <summary>Reads one object of a configuration, collects what is wrong with its values and remembers which keys were read.</summary>
/// <remarks>A key that is absent or null has its default. A value that is wrong is reported and read as 0, false or null, so that the rest is checked too.</remarks>
internal sealed class ConfigSection
{
    /// <summary>Bounds every size, so that the products of two sizes fit 64 bits and counts stay within memory.</summary>
    internal const int MaxSize = 1 << 28;

    private readonly JsonElement _json;
    private readonly List<string> _problems;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    private ConfigSection(JsonElement json, string path, List<string> problems)
    {
        _json = json;
        Path = path;
        _problems = problems;
    }

    /// <summary>Gets the JSON path of this object.</summary>
    internal string Path { get; }

    /// <summary>Starts at the root of a configuration.</summary>
    /// <exception cref="ConfigException">It is no object.</exception>
    internal static ConfigSection Root(JsonElement json) => json.ValueKind == JsonValueKind.Object
        ? new(json, "$", [])
        : throw new ConfigException([$"$ is {Kind(json)}, but a configuration is an object. Download the file again."]);

    /// <summary>Tells whether a key is there and not null.</summary>
    internal bool Has(string key) => Find(key) is not null;

    /// <summary>Tells whether a key is there, be it null.</summary>
    internal bool Names(string key) => _json.ValueKind == JsonValueKind.Object && _json.TryGetProperty(key, out _);

    /// <summary>Reads an integer; required when there is no default.</summary>
    internal int Int(string key, int? byDefault = null, int min = 1, int max = MaxSize) => OptionalInt(key, min, max) ?? byDefault ?? Required(key, 0);

    /// <summary>Reads an integer that may be absent.</summary>
    internal int? OptionalInt(string key, int min = 1, int max = MaxSize)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number == Math.Floor(number) && number >= min && number <= max)
            return (int)number;
        Wrong(key, value, $"an integer from {min} to {max}");
        return 0;
    }

    /// <summary>Reads a number; required when there is no default.</summary>
    internal double Number(string key, double? byDefault = null) => OptionalNumber(key) ?? byDefault ?? Required(key, 0d);

    /// <summary>Reads a positive number; required when there is no default.</summary>
    internal double Positive(string key, double? byDefault = null)
    {
        double number = Number(key, byDefault);
        if (number <= 0 && Find(key) is { ValueKind: JsonValueKind.Number } value)
            Wrong(key, value, "a number above 0");
        return number;
    }

    /// <summary>Reads a number that may be absent.</summary>
    internal double? OptionalNumber(string key)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number))
            return number;
        Wrong(key, value, "a number");
        return 0;
    }

    /// <summary>Reads true or false.</summary>
    internal bool Flag(string key, bool byDefault)
    {
        if (Find(key) is not { } value)
            return byDefault;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        Wrong(key, value, "true or false");
        return byDefault;
    }

    /// <summary>Reads a text; required when there is no default.</summary>
    internal string Text(string key, string? byDefault = null) => OptionalText(key) ?? byDefault ?? Required(key, "");

    /// <summary>Reads a text that may be absent.</summary>
    internal string? OptionalText(string key)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString();
        Wrong(key, value, "a text");
        return "";
    }

    /// <summary>Opens an object; null when it is absent, null or no object.</summary>
    internal ConfigSection? Section(string key)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return new(value, $"{Path}.{key}", _problems);
        Wrong(key, value, "an object");
        return null;
    }

    /// <summary>Opens an object; an empty one when it is absent, null or no object.</summary>
    internal ConfigSection SectionOrEmpty(string key) => Section(key) ?? new(default, $"{Path}.{key}", _problems);

    /// <summary>Opens a list of objects; null when it is absent or anything else.</summary>
    internal IReadOnlyList<ConfigSection>? Sections(string key)
    {
        if (List(key, "a list of objects", JsonValueKind.Object) is not { } items)
            return null;
        return [.. items.Select((item, index) => new ConfigSection(item, $"{Path}.{key}[{index}]", _problems))];
    }

    /// <summary>Opens all members of this object that are objects; reports the others.</summary>
    internal IEnumerable<(string Key, ConfigSection Section)> Members()
    {
        foreach (string key in Keys())
        {
            if (Section(key) is { } section)
                yield return (key, section);
        }
    }

    /// <summary>Reads a list of texts; null when it is absent or anything else.</summary>
    internal IReadOnlyList<string>? Texts(string key)
    {
        if (List(key, "a list of texts", JsonValueKind.String) is not { } items)
            return null;
        return [.. items.Select(item => item.GetString()!)];
    }

    /// <summary>Reads an integer or a list of integers; empty when absent.</summary>
    internal IReadOnlyList<int> IntOrInts(string key)
    {
        if (Find(key) is not { } value)
            return [];
        var items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : new List<JsonElement> { value };
        if (items.All(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id) && id >= 0))
            return [.. items.Select(item => item.GetInt32())];
        Wrong(key, value, "an integer of 0 or more, or a list of them");
        return [];
    }

    /// <summary>Tells whether a value is a text.</summary>
    internal bool IsText(string key) => Find(key) is { ValueKind: JsonValueKind.String };

    /// <summary>Reports a value that is not supported, by name.</summary>
    internal void Refuse(string key, string allowed, string cure = "Use a model without it.") =>
        Report(key, $"is {Shown(Find(key))}, which is not supported; supported: {allowed}. {cure}");

    /// <summary>Reports something about a key.</summary>
    /// <param name="sentence">What follows the key's path.</param>
    internal void Report(string key, string sentence) => _problems.Add($"{Path}.{key} {sentence}");

    /// <summary>Reports problems that already name their place.</summary>
    internal void Report(IEnumerable<string> sentences) => _problems.AddRange(sentences);

    /// <summary>Refuses by name every key that was not read, unless it is known to be harmless or says nothing (null, false).</summary>
    internal void RefuseUnread(IReadOnlySet<string> harmless)
    {
        foreach (string key in Keys().Where(key => !_read.Contains(key) && !harmless.Contains(key)).ToList())
        {
            if (Find(key) is { ValueKind: not JsonValueKind.False })
                Refuse(key, "none of this option", "If it does not change what the model computes, remove it from config.json; otherwise use a model without it.");
        }
    }

    /// <summary>Ends the reading.</summary>
    /// <exception cref="ConfigException">Anything was reported.</exception>
    internal void ThrowIfReported()
    {
        if (_problems.Count > 0)
            throw new ConfigException(_problems);
    }

    private IEnumerable<string> Keys() => _json.ValueKind == JsonValueKind.Object ? _json.EnumerateObject().Select(p => p.Name).Distinct() : [];

    private JsonElement? Find(string key)
    {
        _read.Add(key);
        return _json.ValueKind == JsonValueKind.Object && _json.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private List<JsonElement>? List(string key, string allowed, JsonValueKind kind)
    {
        if (Find(key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == kind))
            return [.. value.EnumerateArray()];
        Wrong(key, value, allowed);
        return null;
    }

    private T Required<T>(string key, T placeholder)
    {
        if (!Has(key))
            Report(key, "is missing. Add it.");
        return placeholder;
    }

    private void Wrong(string key, JsonElement value, string allowed) => Report(key, $"is {Shown(value)}, but must be {allowed}. Correct it.");

    private static string Shown(JsonElement? value)
    {
        string text = value?.GetRawText() ?? "null";
        return text.Length <= 80 ? text : string.Concat(text.AsSpan(0, 80), "…");
    }

    private static string Kind(JsonElement json) => json.ValueKind.ToString().ToLowerInvariant();
}
