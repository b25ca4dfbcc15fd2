namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>The tests: <c>value is name</c>.</summary>
internal static class Predicates
{
    /// <summary>Applies a test.</summary>
    /// <exception cref="JinjaException">The test is not supported, or not for such a value.</exception>
    public static bool Apply(string name, object? value, Arguments given) => name switch
    {
        "defined" => value is not Undefined,
        "undefined" => value is Undefined,
        "none" => value is null,
        "string" => value is TemplateText,
        "number" => value is long or double,
        "integer" => value is long,
        "float" => value is double,
        "boolean" => value is bool,
        "true" => value is true,
        "false" => value is false,
        "mapping" => value is OrderedDictionary<string, object?>,
        "iterable" or "sequence" => value is IReadOnlyList<object?> or OrderedDictionary<string, object?> or TemplateText,
        "callable" => value is Function,
        "odd" => value is long n ? n % 2 != 0 : throw Unfit(value, given),
        "even" => value is long n ? n % 2 == 0 : throw Unfit(value, given),
        "divisibleby" => value is long n && given.OptionalInteger(0, "num") is { } by and not 0 ? n % by == 0 : throw Unfit(value, given),
        "lower" => value is TemplateText text && text.Equals(TextMethods.Lower(text)),
        "upper" => value is TemplateText text && text.Equals(TextMethods.Upper(text)),
        "equalto" or "eq" or "==" => Values.AreEqual(value, given.Get(0, "other")),
        "ne" or "!=" => !Values.AreEqual(value, given.Get(0, "other")),
        "in" => (bool)Operators.Apply(value, "in", given.Get(0, "seq"))!, // 'in' gives a boolean
        _ => throw new JinjaException($"{given.Callee} is not supported"),
    };

    private static JinjaException Unfit(object? value, Arguments given) => new($"{given.Callee} does not take {Values.Describe(value)}");
}
