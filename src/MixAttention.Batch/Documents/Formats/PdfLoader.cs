using System.Globalization;
using MixAttention.Batch.Records;
using UglyToad.PdfPig;
using UglyToad.PdfPig.Exceptions;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Reads PDF files that hold text. Scanned and encrypted ones are named as such.</summary>
internal static class PdfLoader
{
    /// <summary>How far into a file its signature may stand, as readers take it.</summary>
    private const int SignatureBytes = 1024;

    /// <summary>Reads a file.</summary>
    public static string Load(byte[] bytes, DocumentLimits limits)
    {
        if (bytes.AsSpan(0, Math.Min(bytes.Length, SignatureBytes)).IndexOf("%PDF-"u8) < 0)
            throw new DocumentException(ErrorCodes.UnsupportedMediaType, "is no PDF: it does not begin like one. Give it the ending of what it is.");
        var filters = new BoundedPdfFilters(limits.MaxInflatedBytes);
        try
        {
            string text = Read(bytes, filters, limits);
            return filters.Problem is null ? text : throw filters.Problem;
        }
        catch (PdfDocumentEncryptedException)
        {
            throw new DocumentException(ErrorCodes.DocumentUndecodable, "is encrypted with a password. Save a copy without it, for example with qpdf --decrypt.");
        }
        catch (Exception e) when (e is not (DocumentException or OutOfMemoryException)) // The parser answers damage with whatever it stumbles over.
        {
            throw filters.Problem ?? new DocumentException(ErrorCodes.DocumentUndecodable, $"cannot be read as PDF ({e.GetType().Name}), so it is damaged. Save it again, or convert it to text.");
        }
    }

    private static string Read(byte[] bytes, BoundedPdfFilters filters, DocumentLimits limits)
    {
        using var pdf = PdfDocument.Open(bytes, new ParsingOptions { FilterProvider = filters, MaxStackDepth = limits.MaxDepth });
        int pages = pdf.NumberOfPages;
        if (pages > limits.MaxPages)
            throw new DocumentException(ErrorCodes.DocumentTooLarge, string.Create(CultureInfo.InvariantCulture, $"has {pages} pages, and {limits.MaxPages} are allowed. Split it."));
        var pageText = new PdfPageText();
        int images = 0;
        for (int number = 1; number <= pages && filters.Problem is null; number++)
        {
            var page = pdf.GetPage(number);
            pageText.Add(page.Letters);
            images += page.NumberOfImages;
        }

        string text = pageText.ToText();
        return text.Length > 0 || images == 0
            ? text
            : throw new DocumentException(ErrorCodes.DocumentEmpty, $"holds pictures of {pages} pages and no text: it is a scan. Recognize its text first, for example with ocrmypdf.");
    }
}
