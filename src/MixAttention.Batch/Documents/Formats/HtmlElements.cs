using System.Collections.Frozen;
using AngleSharp.Html.Parser.Tokens;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Knows what HTML's elements mean for a page's text.</summary>
internal static class HtmlElements
{
    private static readonly FrozenSet<string> Blocks = Set(
        "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend "
        + "li main menu nav ol optgroup option p pre section summary table tbody tfoot thead tr ul xmp");

    private static readonly FrozenSet<string> Empty = Set("area base br col embed hr img input link meta param source track wbr");
    private static readonly FrozenSet<string> NeverText = Set("audio canvas iframe noembed noframes object script style svg template video");
    private static readonly FrozenSet<string> Controls = Set("button datalist nav select textarea");

    /// <summary>Tells whether an element's text stands apart from what is before and after it.</summary>
    public static bool IsBlock(string name) => Blocks.Contains(name);

    /// <summary>Tells whether an element never has content or an end.</summary>
    public static bool IsEmpty(string name) => Empty.Contains(name);

    /// <summary>Tells whether an element's content is no text of the page, whatever shows it.</summary>
    public static bool IsNeverText(string name) => NeverText.Contains(name);

    /// <summary>Tells whether an element is there to move around or to be clicked, or is not shown.</summary>
    public static bool IsHidden(HtmlTagToken tag) => Controls.Contains(tag.Name) || tag.Attributes.Exists(a => a.Name switch
    {
        "hidden" => true,
        "aria-hidden" => a.Value == "true",
        "role" => a.Value == "navigation",
        "style" => a.Value.Replace(" ", "", StringComparison.Ordinal) is var style
            && (style.Contains("display:none", StringComparison.OrdinalIgnoreCase) || style.Contains("visibility:hidden", StringComparison.OrdinalIgnoreCase)),
        _ => false,
    });

    /// <summary>Tells whether <see cref="IsHidden"/> asks for an attribute.</summary>
    public static bool IsAsked(ReadOnlySpan<char> attribute) => attribute is "hidden" or "aria-hidden" or "role" or "style";

    /// <summary>Gets the level of h1 to h6; 0 for other elements.</summary>
    public static int HeadingLevel(string name) => name is ['h', >= '1' and <= '6'] ? name[1] - '0' : 0;

    private static FrozenSet<string> Set(string names) => names.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
