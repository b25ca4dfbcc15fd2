namespace MixAttention.Batch.Documents.Formats;

/// <summary>Names a kind of document and how its text is read.</summary>
/// <param name="Extensions">The endings of its files' names, in lower case.</param>
/// <param name="Load">Reads the text; throws <see cref="DocumentException"/> when it cannot be used.</param>
internal sealed record DocumentKind(IReadOnlyList<string> Extensions, Func<byte[], DocumentLimits, string> Load)
{
    /// <summary>Plain text and Markdown, whose text is taken as it is. Standard input is read so too.</summary>
    public static readonly DocumentKind PlainText = new([".txt", ".md"], (bytes, _) => TextDecoder.Decode(bytes));

    private static readonly DocumentKind[] All =
    [
        PlainText,
        new([".html", ".htm"], (bytes, _) => HtmlLoader.Load(bytes)),
        new([".docx"], DocxLoader.Load),
        new([".epub"], EpubLoader.Load),
        new([".pdf"], PdfLoader.Load),
    ];

    /// <summary>Gets the endings that are read, for messages.</summary>
    public static string Accepted { get; } = string.Join(", ", All.SelectMany(k => k.Extensions));

    /// <summary>Finds the kind of a file by its name; null when there is none.</summary>
    public static DocumentKind? Of(string path) =>
        Path.GetExtension(path) is { Length: > 0 } extension ? Array.Find(All, k => k.Extensions.Contains(extension, StringComparer.OrdinalIgnoreCase)) : null;
}
