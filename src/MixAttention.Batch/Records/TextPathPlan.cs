using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Batch.Records;

/// <summary>Gives every answer a file of its own: <c>texts/{document}[.q2].txt</c>, always below <c>texts</c>, whatever the document is called.</summary>
/// <remarks>
/// Names that no file may have, that are too long, or that stand in the way of another's folder get a digest of the document's id instead.
/// Of the paths that are taken 64 bits of a digest are kept: where two of them meet, a free name is taken for one that is not, which does no harm.
/// </remarks>
public sealed class TextPathPlan
{
    /// <summary>The folder of all texts.</summary>
    public const string Folder = "texts";

    private const int MaxNameBytes = 255;
    private const int MaxPathBytes = 2048;

    private readonly HashSet<ulong> _files = [];
    private readonly HashSet<ulong> _folders = [];

    /// <summary>Chooses the path of an answer; the same calls in the same order give the same paths.</summary>
    /// <param name="documentId">The document's path, with forward slashes.</param>
    /// <param name="instructionIndex">Which of the questions, from 0.</param>
    public string Add(string documentId, int instructionIndex)
    {
        ArgumentNullException.ThrowIfNull(documentId);
        string suffix = (instructionIndex == 0 ? "" : $".q{instructionIndex + 1}") + ".txt";
        string path = $"{Folder}/{documentId}{suffix}";
        if (!IsSafe(path) || !TryTake(path))
        {
            string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(documentId)))[..16];
            path = $"{Folder}/document-{digest}{suffix}";
            while (!TryTake(path))
                path = path[..^suffix.Length] + "_" + suffix;
        }

        return path;
    }

    private static bool IsSafe(string path) =>
        Encoding.UTF8.GetByteCount(path) <= MaxPathBytes
        && path.Split('/').All(name => name is not ("" or "." or "..") && Encoding.UTF8.GetByteCount(name) <= MaxNameBytes)
        && path.EnumerateRunes().All(r => !Rune.IsControl(r) && r != Rune.ReplacementChar && r.Value is not ('\\' or ':'));

    private bool TryTake(string path)
    {
        var folders = new List<ulong>();
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
            folders.Add(Digest(path[..slash]));
        ulong file = Digest(path);
        if (_folders.Contains(file) || folders.Any(_files.Contains) || !_files.Add(file))
            return false;
        _folders.UnionWith(folders);
        return true;
    }

    private static ulong Digest(string path) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(path)));
}
