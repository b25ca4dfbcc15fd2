using System.Globalization;
using System.Runtime.CompilerServices;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>The value of a name that was never set.</summary>
internal sealed class Undefined
{
    private Undefined()
    {
    }

    /// <summary>Gets the value.</summary>
    public static Undefined Value { get; } = new();
}

/// <summary>What <c>namespace()</c> makes: attributes that may be set from inner scopes.</summary>
internal sealed class Namespace
{
    /// <summary>Gets the attributes.</summary>
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>A macro, a global function or a bound method.</summary>
internal delegate object? Function(Arguments arguments);

/// <summary>
/// Says what values mean. A value is null (none), <see cref="Undefined"/>, bool, long, double, <see cref="TemplateText"/>, <c>IReadOnlyList&lt;object?&gt;</c>,
/// <c>OrderedDictionary&lt;string, object?&gt;</c>, <see cref="Namespace"/> or <see cref="Function"/>.
/// </summary>
internal static class Values
{
    /// <summary>Tells whether a value counts as true.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool b => b,
        long n => n != 0,
        double d => d != 0,
        TemplateText text => text.Length > 0,
        IReadOnlyList<object?> list => list.Count > 0,
        OrderedDictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    /// <summary>Tells whether two values are equal; numbers and booleans are compared as numbers.</summary>
    public static bool AreEqual(object? left, object? right)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return (left, right) switch
        {
            (TemplateText a, TemplateText b) => a.Equals(b),
            (IReadOnlyList<object?> a, IReadOnlyList<object?> b) => a.Count == b.Count && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second)),
            (OrderedDictionary<string, object?> a, OrderedDictionary<string, object?> b)
                => a.Count == b.Count && a.All(entry => b.TryGetValue(entry.Key, out var other) && AreEqual(entry.Value, other)),
            _ => Number(left) is { } x && Number(right) is { } y ? x == y : ReferenceEquals(left, right),
        };
    }

    /// <summary>Reads a number or boolean as a number; null for anything else.</summary>
    public static double? Number(object? value) => value switch
    {
        bool b => b ? 1 : 0,
        long n => n,
        double d => d,
        _ => null,
    };

    /// <summary>Writes a value as <c>{{ value }}</c> does; none and undefined leave nothing.</summary>
    public static TemplateText ToText(object? value) => value switch
    {
        null or Undefined => TemplateText.Empty,
        TemplateText text => text,
        bool b => TemplateText.Own(b ? "true" : "false"),
        long n => TemplateText.Own(n.ToString(CultureInfo.InvariantCulture)),
        double d => TemplateText.Own(d == Math.Floor(d) && Math.Abs(d) < 1e15 ? d.ToString("0.0", CultureInfo.InvariantCulture) : d.ToString("R", CultureInfo.InvariantCulture)),
        IReadOnlyList<object?> or OrderedDictionary<string, object?> => JsonText.Write(value),
        _ => throw new JinjaException($"{Describe(value)} cannot be written"),
    };

    /// <summary>Enumerates what a loop over the value runs over: items, keys or characters.</summary>
    public static IReadOnlyList<object?> Items(object? value) => value switch
    {
        IReadOnlyList<object?> list => list,
        OrderedDictionary<string, object?> map => [.. map.Keys.Select(TemplateText.Own)],
        TemplateText text => Characters(text),
        Undefined => [],
        _ => throw new JinjaException($"{Describe(value)} is no list"),
    };

    /// <summary>Splits a text into its characters (code points).</summary>
    public static IReadOnlyList<TemplateText> Characters(TemplateText text)
    {
        var characters = new List<TemplateText>(text.Length);
        for (int i = 0, end; i < text.Length; i = end)
        {
            end = i + (char.IsSurrogatePair(text.Value, i) ? 2 : 1);
            characters.Add(text.Slice(i, end));
        }
        return characters;
    }

    /// <summary>Names a value's type in messages.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "none",
        Undefined => "an undefined value",
        bool => "a boolean",
        long or double => "a number",
        TemplateText => "a string",
        IReadOnlyList<object?> => "a list",
        OrderedDictionary<string, object?> => "a mapping",
        Function => "a function",
        _ => "a namespace",
    };
}
