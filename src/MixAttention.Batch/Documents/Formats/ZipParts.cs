using System.IO.Compression;
using System.Xml;
using MixAttention.Batch.Records;
using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Documents.Formats;

/// <summary>Reads the parts of a document that is a ZIP archive, within limits. Nothing is unpacked to disk, and names lead nowhere but into the archive.</summary>
internal sealed class ZipParts : IDisposable
{
    private const long FreeOfRatio = 16 << 20;

    private readonly ZipArchive _archive;
    private readonly DocumentLimits _limits;
    private readonly long _ratioBytes;
    private long _inflated;

    /// <summary>Opens the archive.</summary>
    /// <param name="kind">What it should be, for messages: <c>Word document (.docx)</c>.</param>
    public ZipParts(byte[] bytes, string kind, DocumentLimits limits)
    {
        if (bytes is [0xD0, 0xCF, 0x11, 0xE0, ..])
        {
            throw new DocumentException(ErrorCodes.UnsupportedMediaType, $"is protected by a password or of an older format, no plain {kind}. Save it without a password in the newer format.");
        }

        if (bytes is not [(byte)'P', (byte)'K', 3, 4, ..])
            throw new DocumentException(ErrorCodes.UnsupportedMediaType, $"is no ZIP archive, so it is no {kind}. Give it the ending of what it is, or save it again.");
        _limits = limits;
        _ratioBytes = Math.Max(FreeOfRatio, (long)limits.MaxInflationRatio * bytes.Length);
        _archive = new ZipArchive(new MemoryStream(bytes, writable: false), ZipArchiveMode.Read);
        int entries = _archive.Entries.Count;
        if (entries > limits.MaxEntries)
        {
            _archive.Dispose();
            throw new DocumentException(ErrorCodes.DocumentTooLarge, $"is an archive of {entries} entries, and {limits.MaxEntries} are allowed. Split it.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();

    /// <summary>Tells whether there is a part of that name.</summary>
    public bool Has(string name) => _archive.GetEntry(name) is not null;

    /// <summary>Reads a part.</summary>
    /// <exception cref="DocumentException">It is missing, or the archive unpacks to more than is allowed.</exception>
    public byte[] Read(string name)
    {
        var entry = _archive.GetEntry(name) ?? throw new DocumentException(ErrorCodes.DocumentUndecodable, $"lacks its part {name}, so it is damaged. Save it again.");
        using var stream = entry.Open();
        using var content = new MemoryStream();
        var block = new byte[64 << 10];
        for (int read; (read = stream.Read(block)) > 0;)
        {
            _inflated += read;
            if (_inflated > _limits.MaxInflatedBytes || _inflated > _ratioBytes)
            {
                throw new DocumentException(
                    ErrorCodes.DocumentTooLarge,
                    $"unpacks to more than {ByteSize.Format(Math.Min(_limits.MaxInflatedBytes, _ratioBytes))}, which is more than is allowed for its size. Split it, or convert it to text.");
            }

            content.Write(block, 0, read);
        }

        return content.ToArray();
    }

    /// <summary>Reads the nodes of an XML part one after another. The reader given is always the same one.</summary>
    /// <exception cref="DocumentException">The part is missing or nested too deep.</exception>
    public IEnumerable<XmlReader> ReadNodes(string name)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
        };
        using var reader = XmlReader.Create(new MemoryStream(Read(name), writable: false), settings);
        while (reader.Read())
        {
            if (reader.Depth > _limits.MaxDepth)
                throw new DocumentException(ErrorCodes.DocumentTooLarge, $"is nested deeper than the {_limits.MaxDepth} levels that are allowed (in {name}). Convert it to text.");
            yield return reader;
        }
    }

    /// <summary>Finds the part that a part, or the whole package when its name is empty, names for a purpose.</summary>
    /// <param name="type">The end of the relation's type, such as <c>/styles</c>.</param>
    public string? FindRelated(string part, string type)
    {
        int slash = part.LastIndexOf('/') + 1;
        string relations = $"{part[..slash]}_rels/{part[slash..]}.rels";
        if (!Has(relations))
            return null;
        string? target = ReadNodes(relations)
            .Where(n => n.LocalName == "Relationship" && n.GetAttribute("Type")?.EndsWith(type, StringComparison.Ordinal) == true && n.GetAttribute("TargetMode") != "External")
            .Select(n => n.GetAttribute("Target")).FirstOrDefault();
        return target is null ? null : Resolve(part, target);
    }

    /// <summary>Finds the name of a part that another part names relative to itself.</summary>
    public static string Resolve(string part, string target)
    {
        var folders = new List<string>();
        string path = target.StartsWith('/') ? target : part[..(part.LastIndexOf('/') + 1)] + target;
        foreach (string name in path.Split('/'))
        {
            if (name == ".." && folders.Count > 0)
                folders.RemoveAt(folders.Count - 1);
            else if (name is not ("" or "." or ".."))
                folders.Add(name);
        }

        return string.Join('/', folders);
    }
}
