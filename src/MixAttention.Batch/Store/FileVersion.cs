using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace MixAttention.Batch.Store;

/// <summary>Tells the versions of a file apart by its time of writing, which the store sets, and its length.</summary>
/// <remarks>
/// A digest would not do: it costs a whole read for every range and every line of a listing, and equal content written twice must be two versions. A time as the
/// system gives it would not do either: its steps are milliseconds and the clock may be set back. So the second is the clock's, the rest is chance, and a replacement is
/// later than what it replaces in any case. A copy of the store that keeps no times has other ETags, which only makes owners read again.
/// </remarks>
internal readonly record struct FileVersion(DateTime WrittenUtc, long Length)
{
    public string ETag => string.Create(CultureInfo.InvariantCulture, $"{WrittenUtc.Ticks:x}-{Length:x}");

    /// <summary>Returns the version of the file at a path; null when there is no file.</summary>
    public static FileVersion? Of(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? new FileVersion(file.LastWriteTimeUtc, file.Length) : null; // Of one look: Exists keeps what it saw.
    }

    /// <summary>Returns the version of an open file, whatever its name is by now.</summary>
    public static FileVersion Of(SafeFileHandle file) => new(File.GetLastWriteTimeUtc(file), RandomAccess.GetLength(file));

    /// <summary>Makes an open file, fully written, a version that no file before it was.</summary>
    /// <param name="file">The file.</param>
    /// <param name="now">The clock's time.</param>
    /// <param name="replaced">The version that the file is to replace, if any.</param>
    /// <returns>The version.</returns>
    public static FileVersion Stamp(SafeFileHandle file, DateTimeOffset now, FileVersion? replaced)
    {
        long ticks = now.UtcTicks - now.UtcTicks % TimeSpan.TicksPerSecond + RandomNumberGenerator.GetInt32((int)TimeSpan.TicksPerSecond);
        if (replaced is { } former)
            ticks = Math.Max(ticks, former.WrittenUtc.Ticks + 1);
        File.SetLastWriteTimeUtc(file, new DateTime(ticks, DateTimeKind.Utc));
        return Of(file);
    }
}
