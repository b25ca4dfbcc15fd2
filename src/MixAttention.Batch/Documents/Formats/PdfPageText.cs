using System.Text;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Writes the letters of PDF pages as lines and paragraphs, in the order in which the file draws them.</summary>
/// <remarks>
/// A PDF places letters and knows no words. The drawing order is the reading order in nearly all files, including those of two columns and those with tables, and following it
/// is linear in the number of letters, where finding blocks on the page is not. Distances are in units of the letters' size, so that scale and rotation do not matter.
/// </remarks>
internal sealed class PdfPageText
{
    private const double SpaceGap = 0.14; // TeX's tightest spaces are above, kerning and rounding are below.
    private const double ColumnGap = 1.2; // No space within a sentence is as wide.
    private const double LineShift = 0.5; // Superscripts are less, the tightest lines more.
    private const double ParagraphShift = 1.7;

    private readonly StringBuilder _text = new();

    /// <summary>Adds a page.</summary>
    public void Add(IReadOnlyList<Letter> letters)
    {
        EndParagraph();
        Letter? previous = null;
        foreach (var letter in letters.Where(l => !string.IsNullOrEmpty(l.Value)))
        {
            if (previous is not null)
                Separate(previous, letter);
            if (!string.IsNullOrWhiteSpace(letter.Value))
                _text.Append(letter.Value);
            else if (_text.Length > 0 && !char.IsWhiteSpace(_text[^1]))
                _text.Append(' ');
            previous = letter;
        }
    }

    /// <summary>Returns the text of all pages; half of a surrogate pair, which a font may map a letter to, becomes a replacement character.</summary>
    public string ToText() => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(_text.ToString())).Trim();

    private void Separate(Letter previous, Letter letter)
    {
        double size = Math.Max(Math.Max(previous.PointSize, letter.PointSize), 0.1);
        var (along, down) = Distance(previous, letter.StartBaseLine);
        if (Math.Abs(down) > ParagraphShift * size || down < -LineShift * size) // Upwards: a new column.
            EndParagraph();
        else if (down > LineShift * size || along < -size)
            EndLine('\n');
        else if (along > SpaceGap * size && _text.Length > 0 && _text[^1] != '\n')
            EndLine(' ', along > ColumnGap * size ? 2 : 1);
    }

    /// <summary>Measures from a letter's end, along its baseline and across it.</summary>
    private static (double Along, double Down) Distance(Letter from, PdfPoint to)
    {
        double x = from.EndBaseLine.X - from.StartBaseLine.X, y = from.EndBaseLine.Y - from.StartBaseLine.Y;
        double length = Math.Sqrt((x * x) + (y * y));
        (x, y) = length > 0 ? (x / length, y / length) : (1, 0);
        double dx = to.X - from.EndBaseLine.X, dy = to.Y - from.EndBaseLine.Y;
        return ((dx * x) + (dy * y), (dx * y) - (dy * x));
    }

    private void EndParagraph()
    {
        EndLine('\n');
        if (_text.Length > 0)
            _text.Append('\n');
    }

    private void EndLine(char separator, int count = 1)
    {
        while (_text.Length > 0 && char.IsWhiteSpace(_text[^1]))
            _text.Length--;
        if (_text.Length > 0)
            _text.Append(separator, count);
    }
}
