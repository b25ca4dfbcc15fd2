using System.Diagnostics.CodeAnalysis;
using MixAttention.Batch.Store;

namespace MixAttention.Batch.Azure.Blobs;

/// <summary>Where a store lies: a container of a storage account, and a folder in it.</summary>
/// <param name="Account">The account's blob endpoint, without container.</param>
/// <param name="Container">The container.</param>
/// <param name="Prefix">The folder inside the container that all names begin with; empty, or ends with a slash.</param>
public sealed record BlobAddress(Uri Account, string Container, string Prefix)
{
    private const string EmulatorAccount = "devstoreaccount1";

    /// <summary>Gets whether this is an emulator on this machine: only such a one is reached without an identity.</summary>
    public bool IsEmulator => Account.IsLoopback;

    /// <summary>Reads <c>https://ACCOUNT.blob.core.windows.net/CONTAINER[/FOLDER]</c> or, for an emulator, <c>http://127.0.0.1:PORT/devstoreaccount1/CONTAINER[/FOLDER]</c>.</summary>
    /// <param name="text">The address; a query (a shared access signature) or a user is refused, since keys are not how workers sign in.</param>
    /// <param name="address">The address read.</param>
    /// <returns>False where the text is no such address.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out BlobAddress? address)
    {
        address = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
            return false;
        string[] path = uri.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        bool isEmulator = uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback && path is [EmulatorAccount, ..];
        if (!isEmulator && (uri.Scheme != Uri.UriSchemeHttps || uri.IsLoopback))
            return false;
        string account = uri.GetLeftPart(UriPartial.Authority) + (isEmulator ? $"/{EmulatorAccount}" : "");
        if (path[(isEmulator ? 1 : 0)..] is not [var container, .. var folder] || !IsContainerName(container) || !folder.All(f => ArtifactName.IsValidSegment(f)))
            return false;
        address = new BlobAddress(new Uri(account), container, string.Concat(folder.Select(f => f + "/")));
        return true;
    }

    /// <summary>Writes the address as it is read.</summary>
    public override string ToString() => $"{Account.ToString().TrimEnd('/')}/{Container}/{Prefix}".TrimEnd('/');

    private static bool IsContainerName(string name) =>
        name.Length is >= 3 and <= 63 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && name[0] != '-' && name[^1] != '-' && !name.Contains("--", StringComparison.Ordinal);
}
