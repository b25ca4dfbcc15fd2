using System.Globalization;
using System.Net;
using System.Text;

namespace MixAttention.Batch.Reporting;

/// <summary>Writes HTML and SVG: numbers as such languages have them, texts so that nothing in them is markup.</summary>
internal sealed class Markup
{
    private readonly StringBuilder _text = new();

    /// <summary>Makes a text of somebody else's harmless.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(Printable.Of(text));

    /// <summary>Appends markup; the numbers in it are written with a point and two decimals at most.</summary>
    public Markup Add(FormattableString markup)
    {
        object?[] values = [.. markup.GetArguments().Select(a => a is double number ? number.ToString("0.##", CultureInfo.InvariantCulture) : a)];
        _text.AppendFormat(CultureInfo.InvariantCulture, markup.Format, values).Append('\n');
        return this;
    }

    /// <inheritdoc />
    public override string ToString() => _text.ToString();
}
