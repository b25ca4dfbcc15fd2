using Amqp;
using Amqp.Framing;
using Amqp.Types;

namespace MixAttention.Batch.Azure.Tests.Broker;

/// <summary>What can be done with a locked message.</summary>
internal enum Disposition
{
    Complete,
    Abandon,
    Release,
    DeadLetter,
}

/// <summary>The rules of one queue: locks, counts, duplicates, schedules, dead letters. Knows no connection; used on the broker's loop alone.</summary>
/// <param name="name">The queue's name.</param>
/// <param name="settings">How it behaves.</param>
/// <param name="numbers">Gives numbers that no other queue of the broker gives.</param>
/// <param name="time">The clock of locks, schedules and duplicates.</param>
/// <param name="deadLetters">Where dead letters go; null for a queue of dead letters, which keeps everything.</param>
internal sealed class BrokerQueue(string name, BrokerQueueSettings settings, Func<long> numbers, TimeProvider time, BrokerQueue? deadLetters)
{
    public static readonly Symbol LockLost = "com.microsoft:message-lock-lost";
    public static readonly Symbol QuotaExceeded = "amqp:resource-limit-exceeded";

    private readonly SortedDictionary<long, BrokerMessage> _ready = [];
    private readonly Dictionary<Guid, BrokerMessage> _locked = [];
    private readonly SortedDictionary<(DateTime Due, long Sequence), BrokerMessage> _scheduled = [];
    private readonly Dictionary<string, DateTime> _ids = [];

    public string Name => name;

    public BrokerQueueSettings Settings => settings;

    public BrokerQueue? DeadLetters => deadLetters;

    public int Ready => _ready.Count;

    public int Locked => _locked.Count;

    public int Scheduled => _scheduled.Count;

    public int Completed { get; private set; }

    public int Duplicates { get; private set; }

    public int Deliveries { get; private set; }

    /// <summary>Gets how many deliveries nobody had waited for.</summary>
    public int Releases { get; private set; }

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Takes a message, or drops it as a duplicate.</summary>
    /// <returns>Its number; 0 for a duplicate.</returns>
    /// <exception cref="AmqpException">It is too large, or the queue is full.</exception>
    public long Enqueue(Message content)
    {
        int bytes = content.Encode().Length;
        if (bytes > settings.MaxMessageBytes)
            throw new AmqpException(ErrorCode.MessageSizeExceeded, $"The message has {bytes} bytes, and the queue takes {settings.MaxMessageBytes}.");
        if (_ready.Count + _locked.Count + _scheduled.Count >= settings.MaxMessages)
            throw new AmqpException(QuotaExceeded, $"The queue {name} has {settings.MaxMessages} messages and takes no more.");
        var message = new BrokerMessage(content, numbers());
        if (settings.DuplicateWindow is { } window && message.MessageId is { } id)
        {
            if (_ids.TryGetValue(id, out var sent) && Now - sent < window)
            {
                Duplicates++;
                return 0;
            }

            _ids[id] = Now;
        }

        if (message.ScheduledFor is { } due && due > Now)
            _scheduled[(due, message.Sequence)] = message;
        else
            MakeReady(message);
        return message.Sequence;
    }

    public void CancelScheduled(long sequence)
    {
        if (_scheduled.Keys.Where(k => k.Sequence == sequence).ToList() is [var key])
            _scheduled.Remove(key);
    }

    /// <summary>Locks the oldest message for a link; null when none is ready.</summary>
    public BrokerMessage? LockNext(object holder)
    {
        if (_ready.Count == 0)
            return null;
        var message = _ready.First().Value;
        _ready.Remove(message.Sequence);
        (message.LockToken, message.LockedUntil, message.Holder) = (Guid.NewGuid(), Now + settings.LockDuration, holder);
        _locked[message.LockToken] = message;
        Deliveries++;
        return message;
    }

    /// <summary>Prolongs a lock.</summary>
    /// <returns>When it runs out; null when it has.</returns>
    public DateTime? Renew(Guid token) => Find(token) is { } message ? message.LockedUntil = Now + settings.LockDuration : null;

    /// <summary>Settles a message.</summary>
    /// <param name="token">Its lock.</param>
    /// <param name="how">What becomes of it.</param>
    /// <param name="changes">Application properties to change.</param>
    /// <param name="isGone">Tells of a link that brought a message whether it is gone; null where the settling came through that link.</param>
    /// <returns>The service's error; null when it is done.</returns>
    public Error? Settle(Guid token, Disposition how, Map? changes, Func<object, bool>? isGone)
    {
        if (Find(token) is not { } message || (!settings.SettlesLocksOfGoneLinks && isGone?.Invoke(message.Holder!) == true)) // A locked message has a holder.
            return new Error(LockLost) { Description = "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue." };
        message.Change(changes);
        switch (how)
        {
            case Disposition.Complete:
                _locked.Remove(token);
                Completed++;
                break;
            case Disposition.Abandon:
                Return(message, countsAsDelivery: true);
                break;
            case Disposition.Release:
                Releases++;
                Return(message, countsAsDelivery: false);
                break;
            case Disposition.DeadLetter:
                Bury(message);
                break;
        }

        return null;
    }

    /// <summary>Takes a message back whose link died before it was sent.</summary>
    public void Unlock(BrokerMessage message)
    {
        Deliveries--;
        Return(message, countsAsDelivery: false);
    }

    /// <summary>Does what the clock says: locks run out, scheduled messages become ready.</summary>
    public void Tick()
    {
        foreach (var message in _locked.Values.Where(m => m.LockedUntil <= Now).ToList())
            Return(message, countsAsDelivery: true);
        while (_scheduled.Count > 0 && _scheduled.First() is var next && next.Key.Due <= Now)
        {
            _scheduled.Remove(next.Key);
            MakeReady(next.Value);
        }
    }

    /// <summary>Looks at messages in the order of their numbers, whatever their state.</summary>
    public IEnumerable<LockedMessage> Peek(long from, int count) =>
        _ready.Values.Concat(_locked.Values).Select(m => (Message: m, IsScheduled: false)).Concat(_scheduled.Values.Select(m => (Message: m, IsScheduled: true)))
            .Where(m => m.Message.Sequence >= from).OrderBy(m => m.Message.Sequence).Take(count).Select(m => m.Message.Write(m.IsScheduled));

    // A lock that ran out in the moment before a tick is none any more.
    private BrokerMessage? Find(Guid token) => _locked.TryGetValue(token, out var message) && message.LockedUntil > Now ? message : null;

    private void MakeReady(BrokerMessage message)
    {
        message.EnqueuedAt = Now;
        _ready[message.Sequence] = message;
    }

    private void Return(BrokerMessage message, bool countsAsDelivery)
    {
        _locked.Remove(message.LockToken);
        message.FailedDeliveries += countsAsDelivery ? 1u : 0;
        if (deadLetters is null || message.FailedDeliveries < settings.MaxDeliveryCount)
        {
            _ready[message.Sequence] = message;
            return;
        }

        message.Change(new Map { ["DeadLetterReason"] = "MaxDeliveryCountExceeded", ["DeadLetterErrorDescription"] = "Message could not be consumed after all delivery attempts." });
        Bury(message);
    }

    private void Bury(BrokerMessage message)
    {
        _locked.Remove(message.LockToken);
        if (deadLetters is { } dead)
            dead._ready[message.Sequence] = message;
        else
            _ready[message.Sequence] = message; // A dead letter stays one.
    }
}
