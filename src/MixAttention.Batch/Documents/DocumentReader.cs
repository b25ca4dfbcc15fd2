using System.Security.Cryptography;
using System.Text;
using MixAttention.Batch.Records;
using MixAttention.Engine;
using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Documents;

/// <summary>Reads documents as text. What is wrong with a document is an answer, never an exception.</summary>
/// <param name="maxBytes">The largest document taken.</param>
/// <param name="standardInput">Opens standard input.</param>
public sealed class DocumentReader(long maxBytes, Func<Stream> standardInput)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding Utf16 = new(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding Utf16BigEndian = new(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);

    /// <summary>Reads a document: UTF-8, or UTF-16 with a byte order mark.</summary>
    public async Task<Document> ReadAsync(DocumentEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Path is not null && !DocumentFinder.IsDocumentName(entry.Path))
            return Refuse(ErrorCodes.UnsupportedMediaType, $"{Name(entry)} is neither .txt nor .md. Convert it to text first.");
        if (entry.ByteCount > maxBytes)
            return TooLarge(entry, ByteSize.Format(entry.ByteCount));

        // A pipe has length 0 and would block when opened. A link to nothing "exists": what it leads to does not.
        if (entry.Path is not null && entry.ByteCount == 0 && File.Exists(RealPath.Of(entry.Path)))
            return Refuse(ErrorCodes.DocumentEmpty, $"{Name(entry)} is empty. Remove it or leave it out with --exclude.", Convert.ToHexStringLower(SHA256.HashData([])));
        try
        {
            var stream = entry.Path is null ? standardInput() : File.OpenRead(entry.Path);
            await using (stream.ConfigureAwait(false))
            {
                byte[]? bytes = await ReadAllAsync(stream, entry.ByteCount, cancellationToken).ConfigureAwait(false);
                return bytes is null ? TooLarge(entry, "more") : Decode(entry, bytes);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refuse(ErrorCodes.StorageError, $"{Name(entry)} cannot be read: {e.Message} Make it readable or leave it out with --exclude.");
        }
    }

    /// <summary>Reads to the end; null when there is more than allowed, whatever the file's length was.</summary>
    private async Task<byte[]?> ReadAllAsync(Stream stream, long expectedBytes, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream((int)Math.Min(expectedBytes, int.MaxValue / 2));
        var block = new byte[65536];
        for (int read; (read = await stream.ReadAsync(block, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            if (buffer.Length + read > maxBytes)
                return null;
            buffer.Write(block, 0, read);
        }

        return buffer.ToArray();
    }

    private static Document Decode(DocumentEntry entry, byte[] bytes)
    {
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        string text;
        try
        {
            text = bytes switch
            {
                [0xEF, 0xBB, 0xBF, .. var rest] => Utf8.GetString(rest),
                [0xFF, 0xFE, .. var rest] => Utf16.GetString(rest),
                [0xFE, 0xFF, .. var rest] => Utf16BigEndian.GetString(rest),
                _ => Utf8.GetString(bytes),
            };
        }
        catch (ArgumentException)
        {
            return Refuse(ErrorCodes.DocumentUndecodable, $"{Name(entry)} is not valid UTF-8 text. Convert it, for example with iconv -t utf-8.", sha256);
        }

        if (text.Contains('\0', StringComparison.Ordinal))
            return Refuse(ErrorCodes.DocumentUndecodable, $"{Name(entry)} holds NUL characters, so it is binary or in another encoding. Convert it to UTF-8 text.", sha256);
        if (string.IsNullOrWhiteSpace(text))
            return Refuse(ErrorCodes.DocumentEmpty, $"{Name(entry)} holds no text. Remove it or leave it out with --exclude.", sha256);
        return new Document(text, sha256, null);
    }

    private Document TooLarge(DocumentEntry entry, string found) =>
        Refuse(ErrorCodes.DocumentTooLarge, $"{Name(entry)} has {found}, and {ByteSize.Format(maxBytes)} are allowed. Split it or raise --max-document-size.");

    private static string Name(DocumentEntry entry) => entry.Path is null ? "Standard input" : entry.Id;

    private static Document Refuse(string code, string message, string? sha256 = null) => new(null, sha256, new GenerationError(code, message));
}
