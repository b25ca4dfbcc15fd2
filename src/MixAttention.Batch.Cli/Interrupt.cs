using System.Runtime.InteropServices;

namespace MixAttention.Batch.Cli;

/// <summary>Turns the first Ctrl-C or SIGTERM into a cancellation; a second one ends the process at once.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _signals;

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
        if (_source.IsCancellationRequested)
            Environment.Exit(ExitCodes.Interrupted);
        context.Cancel = true;
        Console.Error.WriteLine("mixbatch: stopping; what has finished is being written. Again to leave at once.");
        _source.Cancel();
    }
}
