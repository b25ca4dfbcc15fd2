namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Looks up attributes, items and methods of values; what is not there is <see cref="Undefined"/>.</summary>
internal static class Members
{
    /// <summary>Looks up <c>value.name</c>.</summary>
    public static object? Get(object? value, string name) => value switch
    {
        OrderedDictionary<string, object?> map => map.TryGetValue(name, out var item) ? item : MapMethod(map, name),
        Namespace space => space.Attributes.TryGetValue(name, out var item) ? item : Undefined.Value,
        TemplateText text => TextMethods.Get(text, name) is { } method ? method : Undefined.Value,
        _ => Undefined.Value,
    };

    /// <summary>Looks up <c>value[index]</c>; negative indices count from the end.</summary>
    public static object? At(object? value, object? index) => (value, index) switch
    {
        (IReadOnlyList<object?> list, long i) => Item(list, i),
        (TemplateText text, long i) => Item(Values.Characters(text), i),
        (_, TemplateText name) => Get(value, name.Value),
        (Undefined, _) => Undefined.Value,
        _ => throw new JinjaException($"{Values.Describe(value)} has no items by {Values.Describe(index)}"),
    };

    private static object? Item(IReadOnlyList<object?> list, long index)
    {
        long i = index < 0 ? index + list.Count : index;
        return i >= 0 && i < list.Count ? list[(int)i] : Undefined.Value;
    }

    private static object MapMethod(OrderedDictionary<string, object?> map, string name) => name switch
    {
        "get" => (Function)(a => map.TryGetValue(a.Text(0, "key").Value, out var item) ? item : a.Get(1, "default") is Undefined ? null : a.Get(1, "default")),
        "items" => (Function)(_ => Entries(map)),
        "keys" => (Function)(_ => Values.Items(map)),
        "values" => (Function)(_ => map.Values.ToList()),
        _ => Undefined.Value,
    };

    /// <summary>Lists a mapping's entries as pairs.</summary>
    public static IReadOnlyList<object?> Entries(OrderedDictionary<string, object?> map)
        => [.. map.Select(e => (IReadOnlyList<object?>)[TemplateText.Own(e.Key), e.Value])];
}
