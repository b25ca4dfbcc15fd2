using System.Globalization;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>The filters: <c>value | name</c>.</summary>
internal static class Filters
{
    /// <summary>Applies a filter.</summary>
    /// <exception cref="JinjaException">The filter is not supported, or not for such a value.</exception>
    public static object? Apply(string name, object? value, Arguments given) => name switch
    {
        "trim" => TextMethods.Strip(Text(value, given), given.OptionalText(0, "chars")),
        "upper" => TextMethods.Upper(Text(value, given)),
        "lower" => TextMethods.Lower(Text(value, given)),
        "title" => TextMethods.Title(Text(value, given)),
        "capitalize" => TextMethods.Capitalize(Text(value, given)),
        "replace" => TextMethods.Replace(Text(value, given), given.Text(0, "old"), given.Text(1, "new"), given.OptionalInteger(2, "count") ?? -1),
        "indent" => Indent(Text(value, given), given),
        "string" => Values.ToText(value),
        "tojson" => JsonText.Write(value, (int?)given.OptionalInteger(0, "indent")),
        "length" or "count" => (long)Values.Items(value).Count,
        "list" => Values.Items(value),
        "first" => Values.Items(value) is [var first, ..] ? first : Undefined.Value,
        "last" => Values.Items(value) is [.., var last] ? last : Undefined.Value,
        "reverse" => value is TemplateText text ? TemplateText.Join(TemplateText.Empty, Values.Characters(text).Reverse()) : Values.Items(value).Reverse().ToList(),
        "join" => TemplateText.Join(given.OptionalText(0, "d") ?? TemplateText.Empty, Values.Items(Attributes(value, given, 1)).Select(Values.ToText)),
        "unique" => Unique(Values.Items(value)),
        "map" => Map(value, given),
        "select" => Select(value, given, wanted: true),
        "reject" => Select(value, given, wanted: false),
        "selectattr" => SelectAttribute(value, given, wanted: true),
        "rejectattr" => SelectAttribute(value, given, wanted: false),
        "items" => value is OrderedDictionary<string, object?> map ? Members.Entries(map) : throw Unfit(value, given),
        "default" or "d" => value is Undefined || (given.Flag(1, "boolean") && !Values.IsTrue(value)) ? Default(given) : value,
        "int" => Integer(value, given),
        "float" => Float(value, given),
        "abs" => value is long n ? (object)Math.Abs(n) : value is double d ? Math.Abs(d) : throw Unfit(value, given),
        "safe" => value,
        _ => throw new JinjaException($"{given.Callee} is not supported"),
    };

    private static TemplateText Text(object? value, Arguments given) => value switch
    {
        TemplateText text => text,
        bool or long or double => Values.ToText(value),
        _ => throw Unfit(value, given),
    };

    private static object? Default(Arguments given) => given.Get(0, "default_value") is Undefined ? TemplateText.Empty : given.Get(0, "default_value");

    private static object? Attributes(object? value, Arguments given, int index)
        => given.OptionalText(index, "attribute") is { } path ? Values.Items(value).Select(i => Attribute(i, path)).ToList() : value;

    private static object? Attribute(object? value, TemplateText path) => path.Value.Split('.').Aggregate(value, Members.Get);

    private static List<object?> Map(object? value, Arguments given)
    {
        if (given.Named.ContainsKey("attribute"))
            return Values.Items(value).Select(i => Attribute(i, given.Text(int.MaxValue, "attribute")) is var a and not Undefined ? a : given.Get(int.MaxValue, "default")).ToList();
        string filter = given.Text(0, "filter").Value;
        var rest = new Arguments($"the filter '{filter}'", [.. given.Positional.Skip(1)], given.Named);
        return Values.Items(value).Select(i => Apply(filter, i, rest)).ToList();
    }

    private static List<object?> Select(object? value, Arguments given, bool wanted)
        => [.. Values.Items(value).Where(i => Passes(i, given, testIndex: 0) == wanted)];

    private static List<object?> SelectAttribute(object? value, Arguments given, bool wanted)
        => [.. Values.Items(value).Where(i => Passes(Attribute(i, given.Text(0, "attribute")), given, testIndex: 1) == wanted)];

    private static bool Passes(object? value, Arguments given, int testIndex)
    {
        if (given.OptionalText(testIndex, "test") is not { } test)
            return Values.IsTrue(value);
        return Predicates.Apply(test.Value, value, new Arguments($"the test '{test}'", [.. given.Positional.Skip(testIndex + 1)], given.Named));
    }

    private static List<object?> Unique(IReadOnlyList<object?> items)
    {
        var unique = new List<object?>();
        foreach (var item in items.Where(item => !unique.Any(u => Values.AreEqual(u, item))))
            unique.Add(item);
        return unique;
    }

    private static TemplateText Indent(TemplateText text, Arguments given)
    {
        var margin = TemplateText.Own(new string(' ', (int)Math.Clamp(given.OptionalInteger(0, "width") ?? 4, 0, 1000)));
        bool first = given.Flag(1, "first"), blank = given.Flag(2, "blank");
        var newline = TemplateText.Own("\n");
        var lines = Values.Items(TextMethods.Get(text, "split")!(new Arguments("split()", [newline], given.Named))); // strings have split
        return TemplateText.Join(newline, lines.Select((line, i)
            => (i > 0 || first) && (blank || Values.IsTrue(line)) ? TemplateText.Concat(margin, (TemplateText)line!) : (TemplateText)line!)); // split gives strings
    }

    private static object? Integer(object? value, Arguments given) => value switch
    {
        TemplateText text => long.TryParse(text.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out long n) ? n : Number(given, 0L),
        _ => Values.Number(value) is { } number ? (long)number : throw Unfit(value, given),
    };

    private static object? Float(object? value, Arguments given) => value switch
    {
        TemplateText text => double.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double n) ? n : Number(given, 0d),
        _ => Values.Number(value) ?? throw Unfit(value, given),
    };

    private static object? Number(Arguments given, object missing) => given.Get(0, "default") is Undefined ? missing : given.Get(0, "default");

    private static JinjaException Unfit(object? value, Arguments given) => new($"{given.Callee} does not take {Values.Describe(value)}");
}
