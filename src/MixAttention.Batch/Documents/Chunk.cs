using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Batch.Documents;

/// <summary>Names a piece of a document's text.</summary>
/// <param name="Start">Its first character's place in the text, in UTF-16 units.</param>
/// <param name="End">The place after its last character.</param>
public readonly record struct Chunk(int Start, int End)
{
    /// <summary>Takes the piece out of its text.</summary>
    public string TextIn(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text[Start..End];
    }

    /// <summary>Computes the piece's name, the same wherever the same document is cut by the same rules.</summary>
    /// <param name="documentSha256">Digest of the document's bytes.</param>
    public string Id(string documentSha256)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{documentSha256}:{Start}:{End}:{Chunker.Version}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
    }
}
