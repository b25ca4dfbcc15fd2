using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MixAttention.Batch.Store;

/// <summary>Calls what .NET's file types lack: naming a file only if the name is free, replacing without a copy as fallback, and making names durable.</summary>
internal static partial class NativeFile
{
    public const int WouldBlock = 11; // EAGAIN: another open file holds the lock
    public const int NoSpace = 28; // ENOSPC
    public const int ReadOnlyFileSystem = 30; // EROFS
    public const int QuotaExceeded = 122; // EDQUOT

    private const int NotFound = 2; // ENOENT
    private const int Exists = 17; // EEXIST
    private const int OpenReadOnly = 0; // O_RDONLY
    private const int OpenCloseOnExec = 0x80000; // O_CLOEXEC

    /// <summary>Gives a file a second name, atomically.</summary>
    /// <returns>False when the name is taken.</returns>
    public static bool TryLink(string existing, string name)
    {
        if (Link(existing, name) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == Exists ? false : throw LastError("link", name);
    }

    /// <summary>Renames a file over whatever has the name, atomically.</summary>
    /// <returns>True.</returns>
    public static bool Replace(string existing, string name) => Rename(existing, name) == 0 ? true : throw LastError("rename", name);

    /// <summary>Makes the names in a folder survive a loss of power.</summary>
    public static void SyncFolder(string folder)
    {
        int descriptor = Open(folder, OpenReadOnly | OpenCloseOnExec);
        if (descriptor < 0)
            throw LastError("open", folder);
        try
        {
            if (Sync(descriptor) != 0)
                throw LastError("fsync", folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException LastError(string call, string path)
    {
        int error = Marshal.GetLastPInvokeError();
        string message = $"{call} of {path}: {new Win32Exception(error).Message}";
        return error == NotFound ? new DirectoryNotFoundException(message) : new IOException(message, error); // As in .NET's own, the HResult is the error's number.
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string existing, string name);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
