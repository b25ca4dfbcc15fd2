using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace MixAttention.Model.ChatTemplates.Jinja;

/// <summary>Writes values as JSON the way chat templates expect it: <c>{"a": 1, "b": [2, 3]}</c>, non-ASCII characters as they are.</summary>
internal static class JsonText
{
    /// <summary>Writes a value.</summary>
    /// <param name="indent">Spaces per level; null for one line.</param>
    public static TemplateText Write(object? value, int? indent = null)
    {
        var output = new TemplateText.Builder();
        Write(output, value, indent, 0);
        return output.ToText();
    }

    private static void Write(TemplateText.Builder output, object? value, int? indent, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case null or Undefined:
                output.Append("null");
                break;
            case TemplateText text:
                WriteString(output, text);
                break;
            case IReadOnlyList<object?> list:
                WriteGroup(output, '[', ']', list, indent, depth, item => Write(output, item, indent, depth + 1));
                break;
            case OrderedDictionary<string, object?> map:
                WriteGroup(output, '{', '}', map, indent, depth, entry =>
                {
                    WriteString(output, TemplateText.Own(entry.Key));
                    output.Append(": ");
                    Write(output, entry.Value, indent, depth + 1);
                });
                break;
            case bool or long or double:
                output.Append(Values.ToText(value));
                break;
            default:
                throw new JinjaException($"{Values.Describe(value)} cannot be written as JSON");
        }
    }

    private static void WriteGroup<T>(TemplateText.Builder output, char open, char close, IReadOnlyCollection<T> items, int? indent, int depth, Action<T> write)
    {
        output.Append(open.ToString());
        bool first = true;
        foreach (var item in items)
        {
            if (!first)
                output.Append(indent is null ? ", " : ",");
            first = false;
            NewLine(depth + 1);
            write(item);
        }
        if (!first)
            NewLine(depth);
        output.Append(close.ToString());

        void NewLine(int level)
        {
            if (indent is { } width)
                output.Append("\n" + new string(' ', width * level));
        }
    }

    private static void WriteString(TemplateText.Builder output, TemplateText text)
    {
        output.Append("\"");
        foreach (var (piece, isQuoted) in text.Pieces())
            output.Append(Escape(piece), isQuoted);
        output.Append("\"");
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => escaped.Append("\\\""),
                '\\' => escaped.Append("\\\\"),
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                '\b' => escaped.Append("\\b"),
                '\f' => escaped.Append("\\f"),
                < ' ' => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => escaped.Append(c),
            };
        }
        return escaped.ToString();
    }
}
