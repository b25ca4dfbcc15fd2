namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Applies the operators between two values.</summary>
internal static class Operators
{
    // Beyond 2^53 a double has no ones.
    private const double LargestWhole = 1L << 53;

    /// <summary>Applies an operator.</summary>
    /// <exception cref="JinjaException">The operator does not take such operands.</exception>
    public static object? Apply(object? left, string symbol, object? right) => symbol switch
    {
        "==" => Values.AreEqual(left, right),
        "!=" => !Values.AreEqual(left, right),
        "in" => Contains(right, left),
        "not in" => !Contains(right, left),
        "<" or "<=" or ">" or ">=" => Compare(left, symbol, right),
        "~" => TemplateText.Concat(Values.ToText(left), Values.ToText(right)),
        "+" when left is TemplateText a && right is TemplateText b => TemplateText.Concat(a, b),
        "+" when left is IReadOnlyList<object?> a && right is IReadOnlyList<object?> b => a.Concat(b).ToList(),
        _ => Arithmetic(left, symbol, right),
    };

    private static bool Contains(object? container, object? item) => container switch
    {
        TemplateText text when item is TemplateText part => text.Value.Contains(part.Value, StringComparison.Ordinal),
        OrderedDictionary<string, object?> map => item is TemplateText key && map.ContainsKey(key.Value),
        IReadOnlyList<object?> list => list.Any(i => Values.AreEqual(i, item)),
        Undefined => false,
        _ => throw Unsupported(item, "in", container),
    };

    private static bool Compare(object? left, string symbol, object? right)
    {
        int? order = (left, right) switch
        {
            (TemplateText a, TemplateText b) => string.CompareOrdinal(a.Value, b.Value),
            _ => Values.Number(left) is { } x && Values.Number(right) is { } y ? x.CompareTo(y) : null,
        };
        return order is { } o
            ? symbol switch { "<" => o < 0, "<=" => o <= 0, ">" => o > 0, _ => o >= 0 }
            : throw Unsupported(left, symbol, right);
    }

    private static object? Arithmetic(object? left, string symbol, object? right)
    {
        if (Values.Number(left) is not { } a || Values.Number(right) is not { } b)
            throw Unsupported(left, symbol, right);
        if (symbol is "/" or "//" or "%" && b == 0)
            throw new JinjaException("a number is divided by 0");
        double result = symbol switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "//" => Math.Floor(a / b),
            "%" => a - (Math.Floor(a / b) * b),
            "**" => Math.Pow(a, b),
            _ => throw Unsupported(left, symbol, right),
        };
        if (symbol == "/" || left is double || right is double || result != Math.Floor(result))
            return result;
        long whole = Math.Abs(result) <= LargestWhole ? (long)result : throw new JinjaException($"the result of '{symbol}' is too large");
        return whole;
    }

    private static JinjaException Unsupported(object? left, string symbol, object? right)
        => new($"'{symbol}' between {Values.Describe(left)} and {Values.Describe(right)} is not supported");
}
