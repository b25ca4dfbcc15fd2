using Azure.Messaging.ServiceBus;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>The connection in use, and those that only wait for their last messages to be settled.</summary>
/// <param name="open">Makes a client; connects when it is first used.</param>
/// <param name="queue">The queue.</param>
/// <param name="closeTimeout">How long closing may take: a service that hangs answers nothing.</param>
internal sealed class BusConnections(Func<ServiceBusClient> open, string queue, TimeSpan closeTimeout) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<BusConnection> _all = [];
    private BusConnection? _current;
    private bool _isDisposed;

    /// <summary>Gets the connection for new calls.</summary>
    /// <exception cref="ObjectDisposedException">The queue is closed.</exception>
    public BusConnection Current
    {
        get
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, typeof(ServiceBusJobQueue));
                if (_current is null)
                    _all.Add(_current = new BusConnection(open(), queue));
                return _current;
            }
        }
    }

    /// <summary>Gets how often a connection took the place of another.</summary>
    public int Replacements { get; private set; }

    /// <summary>Lets the next call open a new connection, unless somebody else already did.</summary>
    public void Replace(BusConnection old)
    {
        lock (_lock)
        {
            if (_current != old)
                return;
            _current = null;
            Replacements++;
        }

        old.Retire();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        List<BusConnection> all;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            all = [.. _all];
        }

        // What does not close in time ends with the process.
        await Task.WhenAll(all.Select(c => c.DisposeAsync().AsTask())).WaitAsync(closeTimeout, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
