using System.Text;
using System.Text.RegularExpressions;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Reads web pages: the title, headings, paragraphs, lists and tables. Nothing is run and nothing is fetched.</summary>
internal static partial class HtmlLoader
{
    /// <summary>How far into a page its encoding may be declared, as browsers read it.</summary>
    private const int DeclarationBytes = 1024;

    /// <summary>Reads a page.</summary>
    /// <param name="isXhtml">Whether an element may end itself, as in the chapters of books.</param>
    /// <param name="writesTitle">Whether the page's title is its first heading.</param>
    public static string Load(byte[] bytes, bool isXhtml = false, bool writesTitle = true)
    {
        string start = Encoding.Latin1.GetString(bytes, 0, Math.Min(bytes.Length, DeclarationBytes));
        string? declared = Declaration().Match(start) is { Success: true } match ? match.Groups[1].Value : null;
        string html = TextDecoder.Decode(bytes, declared);
        var reader = new HtmlReader { IsXhtml = isXhtml, WritesTitle = writesTitle };
        return reader.TryRead(html, out string text) ? text : new HtmlReader { IsXhtml = isXhtml, WritesTitle = writesTitle, DropsHidden = false }.ReadAll(html);
    }

    [GeneratedRegex("""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)""", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Declaration();
}
