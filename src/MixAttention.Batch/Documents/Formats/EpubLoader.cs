using System.Text;
using System.Xml;
using MixAttention.Batch.Records;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Reads electronic books: the title, then the chapters in the order in which they are read, without the table of contents.</summary>
internal static class EpubLoader
{
    private const string Kind = "electronic book (.epub)";
    private const string ContainerName = "META-INF/container.xml";
    private const string EncryptionName = "META-INF/encryption.xml";

    /// <summary>Reads a book.</summary>
    public static string Load(byte[] bytes, DocumentLimits limits)
    {
        using var parts = new ZipParts(bytes, Kind, limits);
        if (!parts.Has(ContainerName))
            throw new DocumentException(ErrorCodes.UnsupportedMediaType, $"is an archive but no {Kind}. Give it the ending of what it is.");
        string package = parts.ReadNodes(ContainerName).Where(n => n.LocalName == "rootfile").Select(n => n.GetAttribute("full-path")).FirstOrDefault()
            ?? throw new DocumentException(ErrorCodes.DocumentUndecodable, "names no book inside, so it is damaged. Save it again.");
        var isProtected = parts.Has(EncryptionName)
            ? parts.ReadNodes(EncryptionName).Where(n => n.LocalName == "CipherReference").Select(n => n.GetAttribute("URI")).ToHashSet(StringComparer.Ordinal)
            : [];

        var (title, chapters) = ReadPackage(parts, package);
        var book = new StringBuilder(title.Length > 0 ? $"# {title}\n\n" : "");
        foreach (string chapter in chapters)
        {
            if (isProtected.Contains(chapter)) // Fonts may be: they hold no text.
                throw new DocumentException(ErrorCodes.DocumentUndecodable, "is protected (DRM), so its text cannot be read. Get a copy without protection.");
            string text = HtmlLoader.Load(parts.Read(chapter), isXhtml: true, writesTitle: false);
            if (text.Length > 0)
                book.Append(text).Append("\n\n");
        }

        return book.ToString().TrimEnd();
    }

    private static (string Title, List<string> Chapters) ReadPackage(ZipParts parts, string package)
    {
        var pages = new Dictionary<string, string>(StringComparer.Ordinal); // Without pictures, styles and the table of contents.
        var chapters = new List<string>();
        string? title = null;
        bool isInTitle = false;
        foreach (var node in parts.ReadNodes(package))
        {
            if (node.NodeType == XmlNodeType.Element && node.LocalName == "item" && node.GetAttribute("id") is { } id && node.GetAttribute("href") is { } href)
            {
                bool isPage = node.GetAttribute("media-type") is "application/xhtml+xml" or "text/html";
                if (isPage && node.GetAttribute("properties")?.Split(' ').Contains("nav") != true)
                    pages[id] = ZipParts.Resolve(package, Uri.UnescapeDataString(href));
            }
            else if (node.NodeType == XmlNodeType.Element && node.LocalName == "itemref" && pages.TryGetValue(node.GetAttribute("idref") ?? "", out string? page))
            {
                chapters.Add(page);
            }
            else if (node.LocalName == "title")
            {
                isInTitle = node.NodeType == XmlNodeType.Element && !node.IsEmptyElement && title is null;
            }
            else if (isInTitle && node.NodeType == XmlNodeType.Text)
            {
                title = node.Value.Trim();
            }
        }

        return (title ?? "", chapters);
    }
}
