using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace MixAttention.Batch.Tests.Support;

/// <summary>Writes small PDF files by hand.</summary>
internal static class SamplePdf
{
    private const string Font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";

    /// <summary>A page per content.</summary>
    public static byte[] Of(params string[] contents) => Build([.. contents.Select(c => Stream(c))], "/Font << /F1 3 0 R >>", []);

    /// <summary>A page whose content is compressed; bytes of the compressed form may be changed.</summary>
    public static byte[] Compressed(string content) => Build([Stream(Deflate(content), "/Filter /FlateDecode")], "/Font << /F1 3 0 R >>", []);

    /// <summary>Pages that show one picture each and no text.</summary>
    public static byte[] Scan(int pages)
    {
        string image = Stream("0", "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8");
        return Build([.. Enumerable.Repeat(Stream("q 500 0 0 700 0 0 cm /Im0 Do Q"), pages)], $"/XObject << /Im0 {FirstExtra(pages)} 0 R >>", [image]);
    }

    /// <summary>A file that no empty password opens.</summary>
    public static byte[] Encrypted()
    {
        string key = string.Concat(Enumerable.Range(1, 32).Select(i => (7 * i).ToString("X2", CultureInfo.InvariantCulture)[^2..]));
        string encryption = $"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{key}> /U <{key}> >>";
        return Build([Stream("BT /F1 12 Tf (secret) Tj ET")], "/Font << /F1 3 0 R >>", [encryption], $"/Encrypt {FirstExtra(1)} 0 R /ID [<00> <00>]");
    }

    /// <summary>Draws a line of text.</summary>
    public static string Line(double x, double y, string text, double size = 12) => string.Create(CultureInfo.InvariantCulture, $"BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n");

    private static int FirstExtra(int pages) => 4 + (2 * pages);

    private static string Stream(string content, string entries = "") => $"<< /Length {content.Length} {entries} >>\nstream\n{content}\nendstream";

    private static string Deflate(string content)
    {
        using var stream = new MemoryStream();
        using (var zlib = new ZLibStream(stream, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(Encoding.Latin1.GetBytes(content));
        return Encoding.Latin1.GetString(stream.ToArray());
    }

    private static byte[] Build(string[] contents, string resources, string[] extras, string trailer = "")
    {
        string kids = string.Join(' ', Enumerable.Range(0, contents.Length).Select(i => $"{4 + (2 * i)} 0 R"));
        var objects = new List<string> { "<< /Type /Catalog /Pages 2 0 R >>", $"<< /Type /Pages /Kids [{kids}] /Count {contents.Length} >>", Font };
        for (int i = 0; i < contents.Length; i++)
        {
            objects.Add($"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + (2 * i)} 0 R /Resources << {resources} >> >>");
            objects.Add(contents[i]);
        }

        objects.AddRange(extras);
        var file = new StringBuilder("%PDF-1.4\n");
        var offsets = new List<int>();
        for (int i = 0; i < objects.Count; i++)
        {
            offsets.Add(file.Length);
            file.Append(CultureInfo.InvariantCulture, $"{i + 1} 0 obj\n{objects[i]}\nendobj\n");
        }

        int start = file.Length;
        file.Append(CultureInfo.InvariantCulture, $"xref\n0 {objects.Count + 1}\n0000000000 65535 f \n");
        foreach (int offset in offsets)
            file.Append(CultureInfo.InvariantCulture, $"{offset:0000000000} 00000 n \n");
        file.Append(CultureInfo.InvariantCulture, $"trailer\n<< /Size {objects.Count + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n");
        return Encoding.Latin1.GetBytes(file.ToString());
    }
}
