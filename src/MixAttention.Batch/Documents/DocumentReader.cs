using System.Security.Cryptography;
using MixAttention.Batch.Documents.Formats;
using MixAttention.Batch.Records;
using MixAttention.Engine;
using MixAttention.Engine.KvCache;

namespace MixAttention.Batch.Documents;

/// <summary>Reads documents as text. What is wrong with a document is an answer, never an exception.</summary>
/// <param name="maxBytes">The largest document taken.</param>
/// <param name="openArtifact">Opens a document that lies in the store.</param>
/// <param name="limits">What reading one document may cost besides; the defaults unless given.</param>
public sealed class DocumentReader(long maxBytes, Func<string, CancellationToken, Task<Stream>> openArtifact, DocumentLimits? limits = null)
{
    private readonly DocumentLimits _limits = limits ?? new DocumentLimits();

    /// <summary>Reads a document as its name's ending says; standard input as plain text.</summary>
    public async Task<Document> ReadAsync(DocumentEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if ((entry.Path is null ? DocumentKind.PlainText : DocumentKind.Of(entry.Path)) is not { } kind)
            return Refuse(ErrorCodes.UnsupportedMediaType, $"{Name(entry)} is of none of the types that are read ({DocumentKind.Accepted}). Convert it to one of them.");
        if (entry.Path is not null && entry.ByteCount > maxBytes)
            return TooLarge(entry, ByteSize.Format(entry.ByteCount));

        // A pipe has length 0 and would block when opened. A link to nothing "exists": what it leads to does not.
        if (entry.Path is not null && entry.ByteCount == 0 && File.Exists(RealPath.Of(entry.Path)))
            return Refuse(ErrorCodes.DocumentEmpty, $"{Name(entry)} is empty. Remove it or leave it out with --exclude.", Convert.ToHexStringLower(SHA256.HashData([])));
        try
        {
            var stream = entry.Path is { } path ? File.OpenRead(path) : await openArtifact(entry.Artifact!, cancellationToken).ConfigureAwait(false); // It lies in a file or in the store.
            await using (stream.ConfigureAwait(false))
            {
                byte[]? bytes = await ReadAllAsync(stream, entry.ByteCount, cancellationToken).ConfigureAwait(false);
                return bytes is null ? TooLarge(entry, "more") : CheckUnchanged(entry, Load(entry, kind, bytes));
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

    private Document Load(DocumentEntry entry, DocumentKind kind, byte[] bytes)
    {
        var (text, error) = DocumentLoader.Load(kind, Name(entry), bytes, _limits);
        return new Document(text, Convert.ToHexStringLower(SHA256.HashData(bytes)), error);
    }

    private static Document CheckUnchanged(DocumentEntry entry, Document read) => entry.Sha256 is null || entry.Sha256 == read.Sha256
        ? read
        : Refuse(ErrorCodes.InputChanged, $"{Name(entry)} has changed since the job was submitted. Submit the job again, by the same command, to run it as it is now; or bring the former content back and run this request again with mixbatch retry.", entry.Sha256);

    private Document TooLarge(DocumentEntry entry, string found) =>
        Refuse(ErrorCodes.DocumentTooLarge, $"{Name(entry)} has {found}, and {ByteSize.Format(maxBytes)} are allowed. Split it or raise --max-document-size.");

    private static string Name(DocumentEntry entry) => entry.Path is null ? DocumentLoader.StandardInput : entry.Id;

    private static Document Refuse(string code, string message, string? sha256 = null) => new(null, sha256, new GenerationError(code, message));
}
