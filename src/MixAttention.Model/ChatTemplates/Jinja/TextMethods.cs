namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>The methods of strings.</summary>
internal static class TextMethods
{
    /// <summary>Finds a method; null when strings have none of that name.</summary>
    public static Function? Get(TemplateText text, string name) => name switch
    {
        "strip" => a => Strip(text, a.OptionalText(0, "chars")),
        "lstrip" => a => Strip(text, a.OptionalText(0, "chars"), right: false),
        "rstrip" => a => Strip(text, a.OptionalText(0, "chars"), left: false),
        "upper" => _ => Upper(text),
        "lower" => _ => Lower(text),
        "title" => _ => Title(text),
        "capitalize" => _ => Capitalize(text),
        "startswith" => a => Texts(a.Get(0, "prefix")).Any(p => text.Value.StartsWith(p, StringComparison.Ordinal)),
        "endswith" => a => Texts(a.Get(0, "suffix")).Any(p => text.Value.EndsWith(p, StringComparison.Ordinal)),
        "split" => a => Split(text, a.OptionalText(0, "sep"), a.OptionalInteger(1, "maxsplit") ?? -1),
        "replace" => a => Replace(text, a.Text(0, "old"), a.Text(1, "new"), a.OptionalInteger(2, "count") ?? -1),
        "join" => a => TemplateText.Join(text, Values.Items(a.Get(0, "iterable")).Select(Values.ToText)),
        _ => null,
    };

    /// <summary>Strips whitespace, or the given characters, from the ends.</summary>
    /// <remarks>
    /// Given whitespace only, such as a newline, all whitespace is stripped: so does the renderer that the templates are compared with, whatever it is given.
    /// </remarks>
    public static TemplateText Strip(TemplateText text, TemplateText? characters = null, bool left = true, bool right = true)
    {
        string? set = characters is null || characters.Value.All(Whitespace.Is) ? null : characters.Value;
        int start = 0, end = text.Length;
        while (left && start < end && Goes(text.Value[start]))
            start++;
        while (right && end > start && Goes(text.Value[end - 1]))
            end--;
        return text.Slice(start, end);

        bool Goes(char c) => set?.Contains(c, StringComparison.Ordinal) ?? Whitespace.Is(c);
    }

    /// <summary>Writes a text in capitals.</summary>
    public static TemplateText Upper(TemplateText text) => text.WithCharacters(text.Value.ToUpperInvariant());

    /// <summary>Writes a text in small letters.</summary>
    public static TemplateText Lower(TemplateText text) => text.WithCharacters(text.Value.ToLowerInvariant());

    /// <summary>Writes the first letter as a capital, the others small.</summary>
    public static TemplateText Capitalize(TemplateText text)
        => text.WithCharacters(string.Concat(text.Value[..Math.Min(1, text.Length)].ToUpperInvariant(), text.Value[Math.Min(1, text.Length)..].ToLowerInvariant()));

    /// <summary>Writes the first letter of each word as a capital, the others small.</summary>
    public static TemplateText Title(TemplateText text)
    {
        char[] characters = text.Value.ToCharArray();
        for (int i = 0; i < characters.Length; i++)
        {
            bool begins = i == 0 || !char.IsLetterOrDigit(characters[i - 1]);
            characters[i] = begins ? char.ToUpperInvariant(characters[i]) : char.ToLowerInvariant(characters[i]);
        }
        return text.WithCharacters(new string(characters));
    }

    /// <summary>Replaces occurrences from the left, at most <paramref name="count"/> where it is not negative.</summary>
    public static TemplateText Replace(TemplateText text, TemplateText old, TemplateText replacement, long count)
        => old.Length == 0
            ? throw new JinjaException("replace() of the empty string is not supported")
            : TemplateText.Join(replacement, Parts(text, old, count));

    private static List<object?> Split(TemplateText text, TemplateText? separator, long count)
    {
        if (separator is null)
            return Words(text, count);
        return separator.Length == 0 ? throw new JinjaException("split() needs a separator that is not empty") : [.. Parts(text, separator, count)];
    }

    private static IEnumerable<TemplateText> Parts(TemplateText text, TemplateText separator, long count)
    {
        int start = 0;
        for (long n = 0; n != count && text.Value.IndexOf(separator.Value, start, StringComparison.Ordinal) is var at and >= 0; n++)
        {
            yield return text.Slice(start, at);
            start = at + separator.Length;
        }
        yield return text.Slice(start, text.Length);
    }

    private static List<object?> Words(TemplateText text, long count)
    {
        var words = new List<object?>();
        for (int start = 0; ;)
        {
            while (start < text.Length && Whitespace.Is(text.Value[start]))
                start++;
            if (start == text.Length)
                return words;
            int end = start;
            while (end < text.Length && (words.Count == count || !Whitespace.Is(text.Value[end])))
                end++;
            words.Add(text.Slice(start, end));
            start = end;
        }
    }

    private static IEnumerable<string> Texts(object? value) => value switch
    {
        TemplateText text => [text.Value],
        IReadOnlyList<object?> list when list.All(i => i is TemplateText) => list.Select(i => ((TemplateText)i!).Value), // checked just before
        _ => throw new JinjaException($"startswith() and endswith() take a string or a list of strings, not {Values.Describe(value)}"),
    };
}
