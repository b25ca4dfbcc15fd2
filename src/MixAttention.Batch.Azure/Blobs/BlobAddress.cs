using System.Diagnostics.CodeAnalysis;

namespace MixAttention.Batch.Azure.Blobs;

/// <summary>Where a store lies: a container of a storage account, and a folder in it.</summary>
/// <param name="Account">The account's blob endpoint, without container.</param>
/// <param name="Container">The container.</param>
/// <param name="Prefix">The folder inside the container that all names begin with; empty, or ends with a slash.</param>
public sealed record BlobAddress(Uri Account, string Container, string Prefix)
{
    /// <summary>Reads <c>https://ACCOUNT.blob.core.windows.net/CONTAINER[/FOLDER]</c>.</summary>
    /// <param name="text">The address; a query (a shared access signature) or a user is refused, since keys are not how workers sign in.</param>
    /// <param name="address">The address read.</param>
    /// <returns>False where the text is no such address.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out BlobAddress? address)
    {
        address = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps || uri.Query.Length > 0 || uri.UserInfo.Length > 0)
            return false;
        string[] parts = uri.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
            return false;
        address = new BlobAddress(new Uri(uri.GetLeftPart(UriPartial.Authority)), parts[0], string.Concat(parts[1..].Select(part => part + "/")));
        return true;
    }
}
