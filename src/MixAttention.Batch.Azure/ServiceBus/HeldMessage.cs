using Azure.Messaging.ServiceBus;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>A locked message and the connection that brought it.</summary>
/// <param name="message">The message.</param>
/// <param name="connection">The connection, held until <see cref="Release"/>.</param>
/// <param name="lockedAt">When the message arrived, by a clock that only runs forward.</param>
internal sealed class HeldMessage(ServiceBusReceivedMessage message, BusConnection connection, long lockedAt)
{
    private long _lockedAt = lockedAt;
    private int _isReleased;

    /// <summary>Gets the message.</summary>
    public ServiceBusReceivedMessage Message => message;

    /// <summary>Gets what settles the message: the link that brought it.</summary>
    public ServiceBusReceiver Receiver => connection.Receiver;

    /// <summary>Gets or sets when the lock began or was asked to be prolonged, by a clock that only runs forward.</summary>
    public long LockedAt
    {
        get => Volatile.Read(ref _lockedAt);
        set => Volatile.Write(ref _lockedAt, value);
    }

    /// <summary>Lets the connection go, once.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            connection.Release();
    }
}
