using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MixAttention.Batch.Store;

/// <summary>Lets one process at a time compare and replace a name.</summary>
/// <remarks>
/// Locks of the operating system on a few files that names share by hash: they end with their process. One that is stopped while it holds a lock, for some microseconds
/// a put, keeps others from replacing those names until it runs again or is killed: safe, and reported after <see cref="Patience"/>.
/// </remarks>
internal sealed class NameLocks(string folder, TimeProvider time)
{
    private const int Stripes = 64;
    private const int EagerTries = 50;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Waits for the lock of a name; disposing the result releases it.</summary>
    /// <exception cref="StoreException">Another process does not release it.</exception>
    public async Task<IDisposable> AcquireAsync(string name, CancellationToken cancellationToken)
    {
        int stripe = SHA256.HashData(Encoding.UTF8.GetBytes(name))[0] % Stripes;
        string path = Path.Combine(folder, stripe.ToString("x2", CultureInfo.InvariantCulture));
        long start = time.GetTimestamp();
        for (int tries = 1; ; tries++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException e) when (e.HResult == NativeFile.WouldBlock)
            {
                if (time.GetElapsedTime(start) > Patience)
                    throw new StoreException($"Another process has held {path} for {Patience.TotalSeconds:0} s, so {name} cannot be replaced. Let that process run on or kill it; nothing is lost.", isTransient: true, e);
            }

            // The holder needs microseconds, as a rule.
            if (tries < EagerTries)
                await Task.Yield();
            else
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
