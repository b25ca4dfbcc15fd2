using System.Text;
using MixAttention.Batch.Documents;
using MixAttention.Batch.Documents.Formats;
using MixAttention.Engine;

namespace MixAttention.Batch.Tests.Support;

/// <summary>Loads bytes as the document that a name says.</summary>
internal static class Loading
{
    public static (string? Text, GenerationError? Error) Load(string name, byte[] bytes, DocumentLimits? limits = null) =>
        DocumentLoader.Load(DocumentKind.Of(name)!, name, bytes, limits ?? new DocumentLimits()); // Tests name documents only.

    public static string Text(string name, byte[] bytes)
    {
        var (text, error) = Load(name, bytes);
        Assert.Null(error);
        return text!; // Without an error there is a text.
    }

    public static string Text(string name, string content) => Text(name, Encoding.UTF8.GetBytes(content));

    /// <summary>Asserts that a document is refused, and how the message begins.</summary>
    public static void Refuses(string code, string message, string name, byte[] bytes, DocumentLimits? limits = null)
    {
        var (text, error) = Load(name, bytes, limits);
        Assert.Null(text);
        Assert.Equal(code, error!.Code);
        Assert.StartsWith($"{name} {message}", error.Message, StringComparison.Ordinal);
    }
}
