using Azure.Messaging.ServiceBus;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>One connection to the service with a receiver and a sender; the messages that it has brought are settled through it.</summary>
internal sealed class BusConnection : IAsyncDisposable
{
    private readonly ServiceBusClient _client;
    private readonly string _queue;
    private readonly Lock _lock = new();
    private int _held;
    private ServiceBusReceiver? _deadLetters;
    private bool _isRetired;
    private bool _isOpen;

    /// <param name="client">The connection, which is this object's from now on.</param>
    /// <param name="queue">The queue.</param>
    public BusConnection(ServiceBusClient client, string queue)
    {
        _client = client;
        _queue = queue;
        Sender = client.CreateSender(queue);
        // No prefetch: a message read ahead lies locked in memory while nobody works on it.
        Receiver = client.CreateReceiver(queue, new ServiceBusReceiverOptions { ReceiveMode = ServiceBusReceiveMode.PeekLock, PrefetchCount = 0 });
    }

    /// <summary>Gets what sends to the queue.</summary>
    public ServiceBusSender Sender { get; }

    /// <summary>Gets what receives from the queue.</summary>
    public ServiceBusReceiver Receiver { get; }

    /// <summary>Connects and signs in, unless that is done: a receive whose time ends before looks as if there were no messages.</summary>
    /// <returns>Whether it was done now.</returns>
    public async Task<bool> OpenAsync(TimeSpan timeout)
    {
        if (_isOpen)
            return false;
        await Receiver.PeekMessageAsync(fromSequenceNumber: 0).WaitAsync(timeout, TimeProvider.System).ConfigureAwait(false);
        return _isOpen = true;
    }

    /// <summary>Gets what looks at the messages put aside and receives none.</summary>
    public ServiceBusReceiver DeadLetters
    {
        get
        {
            lock (_lock)
                return _deadLetters ??= OpenDeadLetters();
        }
    }

    /// <summary>Opens a receiver of the messages put aside; the caller closes it.</summary>
    public ServiceBusReceiver OpenDeadLetters() => _client.CreateReceiver(_queue, new ServiceBusReceiverOptions { SubQueue = SubQueue.DeadLetter, PrefetchCount = 0 });

    /// <summary>Notes that somebody works on a message of this connection.</summary>
    public void Hold()
    {
        lock (_lock)
            _held++;
    }

    /// <summary>Notes that a message is settled or lost; a retired connection closes after the last one.</summary>
    public void Release() => CloseIfUnused(() => _held--);

    /// <summary>Closes the connection as soon as nobody works on a message of it: messages may be settled through the link alone that brought them.</summary>
    public void Retire() => CloseIfUnused(() => _isRetired = true);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private void CloseIfUnused(Action change)
    {
        bool isUnused;
        lock (_lock)
        {
            change();
            isUnused = _isRetired && _held == 0;
        }

        if (isUnused)
            _ = CloseAsync();
    }

    private async Task CloseAsync() => await _client.DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
