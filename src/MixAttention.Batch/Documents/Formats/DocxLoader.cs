using System.Xml;
using MixAttention.Batch.Records;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Reads Word documents: paragraphs, headings, lists and tables in their order, then footnotes and endnotes.</summary>
/// <remarks>Left out: headers and footers, comments, hidden text, deleted text of tracked changes, pictures.</remarks>
internal sealed class DocxLoader
{
    private static readonly HashSet<string> PassedOver =
        ["del", "moveFrom", "Fallback", "instrText", "pPrChange", "rPrChange", "sectPr", "tblPr", "trPr", "tcPr", "tabs", "rt"];

    private readonly TextOutline _outline = new();
    private readonly IReadOnlyDictionary<string, DocxStyle> _styles;
    private DocxStyle _paragraph;
    private bool _isInProperties;
    private bool _isInText;
    private bool _isHidden;

    private DocxLoader(IReadOnlyDictionary<string, DocxStyle> styles) => _styles = styles;

    /// <summary>Reads a document.</summary>
    public static string Load(byte[] bytes, DocumentLimits limits)
    {
        const string Kind = "Word document (.docx)";
        using var parts = new ZipParts(bytes, Kind, limits);
        if (parts.FindRelated("", "/officeDocument") is not { } main || parts.ReadNodes(main).Where(n => n.NodeType == XmlNodeType.Element).Select(n => n.LocalName).First() != "document")
            throw new DocumentException(ErrorCodes.UnsupportedMediaType, $"is an archive but no {Kind}. Give it the ending of what it is.");
        var loader = new DocxLoader(DocxStyle.ReadAll(parts, parts.FindRelated(main, "/styles")));
        foreach (string? part in new[] { main, parts.FindRelated(main, "/footnotes"), parts.FindRelated(main, "/endnotes") })
        {
            if (part is not null)
                loader.ReadPart(parts.ReadNodes(part));
        }

        return loader._outline.ToText();
    }

    private void ReadPart(IEnumerable<XmlReader> nodes)
    {
        int? passedOverDepth = null;
        foreach (var node in nodes)
        {
            if (passedOverDepth is not null)
            {
                if (node.NodeType == XmlNodeType.EndElement && node.Depth == passedOverDepth)
                    passedOverDepth = null;
            }
            else if (node.NodeType == XmlNodeType.Element && (PassedOver.Contains(node.LocalName) || (_isInProperties && node.LocalName == "rPr")))
            {
                passedOverDepth = node.IsEmptyElement ? null : node.Depth;
            }
            else if (node.NodeType == XmlNodeType.Element)
            {
                Start(node);
            }
            else if (node.NodeType == XmlNodeType.EndElement)
            {
                End(node.LocalName);
            }
            else if (_isInText && !_isHidden)
            {
                _outline.Write(node.Value);
            }
        }
    }

    private void Start(XmlReader element)
    {
        switch (element.LocalName)
        {
            case "p":
                EndParagraph(); // A text box holds paragraphs inside a paragraph.
                _isHidden = false;
                break;
            case "pPr":
                _isInProperties = !element.IsEmptyElement;
                break;
            case "pStyle" when DocxStyle.Value(element) is { } id:
                _paragraph = _styles.GetValueOrDefault(id);
                break;
            case "outlineLvl" when int.TryParse(DocxStyle.Value(element), out int level) && level < DocxStyle.BodyLevel:
                _paragraph = _paragraph with { HeadingLevel = level + 1 };
                break;
            case "ilvl" when int.TryParse(DocxStyle.Value(element), out int level):
                _paragraph = _paragraph with { ListLevel = level };
                break;
            case "numId":
                _paragraph = _paragraph with { IsListItem = DocxStyle.Value(element) != "0" };
                break;
            case "r":
                _isHidden = false;
                break;
            case "vanish":
                _isHidden = DocxStyle.Value(element) is not ("0" or "false");
                break;
            case "t":
                _isInText = !element.IsEmptyElement;
                break;
            case "tab":
                _outline.Write(" ");
                break;
            case "br" or "cr":
                _outline.BreakLine();
                break;
            case "noBreakHyphen":
                _outline.Write("-");
                break;
            case "tr":
                _outline.StartRow();
                break;
            case "tc":
                _outline.StartCell();
                break;
        }
    }

    private void End(string name)
    {
        switch (name)
        {
            case "p":
                EndParagraph();
                break;
            case "pPr":
                _isInProperties = false;
                break;
            case "t":
                _isInText = false;
                break;
            case "tc":
                _outline.EndCell();
                break;
            case "tr":
                _outline.EndRow();
                break;
        }
    }

    private void EndParagraph()
    {
        var kind = _paragraph.HeadingLevel > 0 ? BlockKind.Heading : _paragraph.IsListItem ? BlockKind.ListItem : BlockKind.Paragraph;
        _outline.EndBlock(kind, kind == BlockKind.Heading ? _paragraph.HeadingLevel : _paragraph.ListLevel);
        _paragraph = default;
    }
}
