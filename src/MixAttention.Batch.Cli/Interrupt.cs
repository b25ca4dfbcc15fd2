using System.Runtime.InteropServices;

namespace MixAttention.Batch.Cli;

/// <summary>Turns the first Ctrl-C or SIGTERM into a cancellation; a second one ends the process at once.</summary>
internal sealed partial class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _signals;
    private int _count;

    public Interrupt() => _signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal)];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Handlers of signals in quick succession run side by side. Native threads may be computing: an exit that tears their libraries down would crash. Streams flush with every write.
        if (Interlocked.Increment(ref _count) > 1)
            ExitAtOnce(ExitCodes.Interrupted);
        context.Cancel = true;
        Console.Error.WriteLine("mixbatch: stopping; a second Ctrl-C or SIGTERM leaves at once.");
        _source.Cancel();
    }

    /// <summary>Ends the process without tearing anything down.</summary>
    [LibraryImport("libc", EntryPoint = "_exit")]
    internal static partial void ExitAtOnce(int code);
}
