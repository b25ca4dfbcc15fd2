namespace MixAttention.Batch.Documents.Formats;

/// <summary>Ends the reading of a document that cannot be used. The message goes on from the document's name: <c>is encrypted. Remove …</c></summary>
internal sealed class DocumentException(string code, string message) : Exception(message)
{
    /// <summary>Gets the code of <see cref="Records.ErrorCodes"/>.</summary>
    public string Code { get; } = code;
}
