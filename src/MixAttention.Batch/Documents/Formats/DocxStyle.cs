using System.Xml;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Says what a paragraph style of a Word document makes of a paragraph.</summary>
/// <param name="HeadingLevel">From 1; 0 for no heading.</param>
/// <param name="IsListItem">Whether its paragraphs are items of a list.</param>
/// <param name="ListLevel">From 0.</param>
internal readonly record struct DocxStyle(int HeadingLevel, bool IsListItem, int ListLevel)
{
    /// <summary>The outline level that stands for body text.</summary>
    public const int BodyLevel = 9;

    private const int MaxAncestors = 16;

    /// <summary>Reads a document's styles by their ids.</summary>
    /// <param name="part">The part that holds them; null when the document has none.</param>
    public static Dictionary<string, DocxStyle> ReadAll(ZipParts parts, string? part)
    {
        var styles = new Dictionary<string, DocxStyle>(StringComparer.Ordinal);
        var bases = new Dictionary<string, string>(StringComparer.Ordinal);
        string id = "";
        foreach (var element in part is null ? [] : parts.ReadNodes(part).Where(n => n.NodeType == XmlNodeType.Element))
        {
            switch (element.LocalName)
            {
                case "style":
                    id = element.GetAttribute("styleId", element.NamespaceURI) ?? "";
                    break;
                case "name" when Value(element) is { } name:
                    styles[id] = Named(name);
                    break;
                case "basedOn" when Value(element) is { } ancestor:
                    bases[id] = ancestor;
                    break;
                case "outlineLvl" when int.TryParse(Value(element), out int level) && level < BodyLevel:
                    styles[id] = styles.GetValueOrDefault(id) with { HeadingLevel = level + 1 };
                    break;
            }
        }

        foreach (string derived in bases.Keys)
        {
            string ancestor = derived;
            for (int i = 0; i < MaxAncestors && styles.GetValueOrDefault(derived) == default && bases.TryGetValue(ancestor, out string? next); i++)
            {
                ancestor = next;
                styles[derived] = styles.GetValueOrDefault(ancestor);
            }
        }

        return styles;
    }

    /// <summary>Gets the value that an element of WordprocessingML carries.</summary>
    public static string? Value(XmlReader element) => element.GetAttribute("val", element.NamespaceURI);

    /// <summary>Knows Word's own styles, whose names are the same in every language.</summary>
    private static DocxStyle Named(string name) => name.ToUpperInvariant() switch
    {
        "TITLE" => new DocxStyle(1, false, 0),
        ['H', 'E', 'A', 'D', 'I', 'N', 'G', ' ', >= '1' and <= '9'] heading => new DocxStyle(heading[^1] - '0', false, 0),
        var list when list.StartsWith("LIST BULLET", StringComparison.Ordinal) || list.StartsWith("LIST NUMBER", StringComparison.Ordinal) => new DocxStyle(0, true, 0),
        _ => default,
    };
}
