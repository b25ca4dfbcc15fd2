using System.Xml;
using MixAttention.Batch.Documents.Formats;
using MixAttention.Batch.Records;
using MixAttention.Engine;

namespace MixAttention.Batch.Documents;

/// <summary>Turns a document's bytes into its text. Nothing is run, fetched or written, whatever the document says.</summary>
internal static class DocumentLoader
{
    /// <summary>Counts the ways in which texts came out so far: results for the same bytes may change with it, except for .txt and .md.</summary>
    public const int Version = 1;

    /// <summary>What standard input is called in messages.</summary>
    public const string StandardInput = "Standard input";

    /// <summary>Loads a document. What is wrong with it is an answer, never an exception.</summary>
    /// <param name="kind">As the document's name has it; the bytes must agree.</param>
    /// <param name="name">The document in messages.</param>
    public static (string? Text, GenerationError? Error) Load(DocumentKind kind, string name, byte[] bytes, DocumentLimits limits)
    {
        try
        {
            string text = kind.Load(bytes, limits);
            return string.IsNullOrWhiteSpace(text)
                ? (null, new GenerationError(ErrorCodes.DocumentEmpty, $"{name} holds no text. {(name == StandardInput ? "Write a document to it." : "Remove it or leave it out with --exclude.")}"))
                : (text, null);
        }
        catch (DocumentException e)
        {
            return (null, new GenerationError(e.Code, $"{name} {e.Message}"));
        }
        catch (Exception e) when (e is InvalidDataException or XmlException or NotSupportedException or EndOfStreamException)
        {
            return (null, new GenerationError(ErrorCodes.DocumentUndecodable, $"{name} is damaged ({e.Message.TrimEnd('.')}). Save it again, or convert it to text."));
        }
    }
}
