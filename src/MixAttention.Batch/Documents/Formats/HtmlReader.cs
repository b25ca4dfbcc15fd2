using System.Text;
using AngleSharp.Html;
using AngleSharp.Html.Parser;
using AngleSharp.Html.Parser.Tokens;
using AngleSharp.Text;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Writes the text of one page, tag by tag.</summary>
/// <remarks>
/// No tree is built: nesting of any depth costs nothing, and no page makes its elements multiply, as unclosed formatting does in a tree. Time and memory grow with the
/// page's length alone.
/// </remarks>
internal sealed class HtmlReader
{
    private const int MaxAskedAttributes = 16;

    private readonly TextOutline _outline = new();
    private string? _dropped; // The element whose content is being passed over, and how many of its name are open.
    private int _droppedDepth;
    private bool _isDroppedForGood;
    private StringBuilder? _title;
    private int _preDepth;
    private int _listDepth;
    private BlockKind _kind; // Of the next block that is not empty.
    private int _level;

    /// <summary>Gets whether parts that are hidden or only for navigation are left out; yes unless set.</summary>
    public bool DropsHidden { get; init; } = true;

    /// <summary>Gets whether an element may end itself, as in XML; no unless set.</summary>
    public bool IsXhtml { get; init; }

    /// <summary>Gets whether the page's title is its first heading; yes unless set.</summary>
    public bool WritesTitle { get; init; } = true;

    /// <summary>Reads a page; once per reader.</summary>
    /// <returns>False when a hidden part had no end, so that the rest of the page was passed over with it.</returns>
    public bool TryRead(string html, out string text)
    {
        text = ReadAll(html);
        return _dropped is null || _isDroppedForGood;
    }

    /// <summary>Reads a page; once per reader.</summary>
    public string ReadAll(string html)
    {
        using var source = new TextSource(html);
        using var tokenizer = new HtmlTokenizer(source, HtmlEntityProvider.ResolverExtended)
        {
            SkipComments = true,
            IsAcceptingCharacterData = IsXhtml,
            // Names of a tag are compared each with each: a tag of a million attributes would take hours.
            ShouldEmitAttribute = (ref token, name) => HtmlElements.IsAsked(name.Span) && token.Attributes.Count < MaxAskedAttributes,
        };
        for (var token = tokenizer.Get(); token.Type != HtmlTokenType.EndOfFile; token = tokenizer.Get())
        {
            if (token is HtmlTagToken { Type: HtmlTokenType.StartTag } start)
            {
                bool isEnded = HtmlElements.IsEmpty(start.Name) || (start.IsSelfClosing && (IsXhtml || start.Name == "svg"));
                if (!isEnded)
                    tokenizer.State = ContentOf(start.Name);
                Start(start, isEnded);
            }
            else if (token.Type == HtmlTokenType.EndTag)
            {
                End(token.Name);
            }
            else if (token.Type == HtmlTokenType.Character && _dropped is null)
            {
                Write(token.Data);
            }
        }

        EndBlock();
        return _outline.ToText();
    }

    private static HtmlParseMode ContentOf(string name) => name switch
    {
        "script" => HtmlParseMode.Script,
        "style" or "xmp" or "iframe" or "noembed" or "noframes" => HtmlParseMode.Rawtext,
        "title" or "textarea" => HtmlParseMode.RCData,
        "plaintext" => HtmlParseMode.Plaintext,
        _ => HtmlParseMode.PCData,
    };

    private void Start(HtmlTagToken tag, bool isEnded)
    {
        string name = tag.Name;
        if (_dropped is not null)
        {
            _droppedDepth += name == _dropped && !isEnded ? 1 : 0;
            return;
        }

        if (HtmlElements.IsBlock(name))
            EndBlock();
        _isDroppedForGood = HtmlElements.IsNeverText(name);
        if (_isDroppedForGood || (DropsHidden && HtmlElements.IsHidden(tag)))
        {
            (_dropped, _droppedDepth) = isEnded ? (null, 0) : (name, 1);
            return;
        }

        switch (name)
        {
            case "title" when !isEnded:
                EndBlock();
                _title = new StringBuilder();
                break;
            case "li":
                (_kind, _level) = (BlockKind.ListItem, _listDepth - 1);
                break;
            case "ul" or "ol" or "menu" or "dir":
                _listDepth++;
                break;
            case "tr":
                _outline.StartRow();
                break;
            case "td" or "th":
                _outline.StartCell();
                break;
            case "pre" or "xmp" or "plaintext" when !isEnded:
                _preDepth++;
                break;
            case "br":
                _outline.BreakLine();
                break;
            default:
                if (HtmlElements.HeadingLevel(name) is > 0 and var level)
                    (_kind, _level) = (BlockKind.Heading, level);
                break;
        }
    }

    private void End(string name)
    {
        if (_dropped is not null)
        {
            if (name == _dropped && --_droppedDepth == 0)
                _dropped = null;
            return;
        }

        if (HtmlElements.IsBlock(name))
            EndBlock();
        switch (name)
        {
            case "title" when _title is not null:
                if (WritesTitle)
                    _outline.Write(_title.ToString());
                _outline.EndBlock(BlockKind.Heading, 1);
                _title = null;
                break;
            case "li" or "h1" or "h2" or "h3" or "h4" or "h5" or "h6":
                _kind = BlockKind.Paragraph;
                break;
            case "ul" or "ol" or "menu" or "dir":
                _listDepth = Math.Max(0, _listDepth - 1);
                break;
            case "tr" or "table":
                _outline.EndRow();
                break;
            case "td" or "th":
                _outline.EndCell();
                break;
            case "pre" or "xmp":
                _preDepth = Math.Max(0, _preDepth - 1);
                break;
        }
    }

    private void Write(string text)
    {
        if (_title is not null)
            _title.Append(text);
        else if (_preDepth > 0)
            _outline.WriteVerbatim(text);
        else
            _outline.Write(text);
    }

    private void EndBlock()
    {
        if (_outline.EndBlock(_kind, _level))
            _kind = BlockKind.Paragraph;
    }
}
