using System.Threading.Channels;
using Azure.Messaging.ServiceBus;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>Receives one message at a time, and only for somebody who waits for one.</summary>
/// <remarks>
/// A receive of the SDK that is cancelled while a message arrives loses that message until its lock runs out. So none is ever cancelled: who stops waiting leaves it behind, and
/// what it brings goes to the next who waits, or back to the queue.
/// </remarks>
internal sealed class OneMessageReceiver : IAsyncDisposable
{
    private static readonly TimeSpan ShortestReceive = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Overtime = TimeSpan.FromSeconds(30);

    private readonly BusConnections _connections;
    private readonly ServiceBusPipelines _pipelines;
    private readonly ServiceBusQueueOptions _options;
    private readonly TimeProvider _time;
    private readonly Channel<HeldMessage> _arrived = Channel.CreateUnbounded<HeldMessage>(); // One receive at a time keeps it short.
    private readonly Lock _lock = new();
    private Task _receiving = Task.CompletedTask;
    private int _waiting;
    private long _lastSign;

    /// <param name="connections">The connections; stay the caller's.</param>
    /// <param name="pipelines">How calls are tried.</param>
    /// <param name="options">The operator's decisions.</param>
    /// <param name="time">The clock.</param>
    public OneMessageReceiver(BusConnections connections, ServiceBusPipelines pipelines, ServiceBusQueueOptions options, TimeProvider time)
    {
        _connections = connections;
        _pipelines = pipelines;
        _options = options;
        _time = time;
        _lastSign = time.GetTimestamp();
    }

    /// <summary>Gets how many messages have arrived.</summary>
    public long Arrivals { get; private set; }

    /// <summary>Waits for a message.</summary>
    /// <param name="wait">How long.</param>
    /// <param name="cancellationToken">Ends the waiting; no message is lost by that.</param>
    /// <returns>The message, which is the caller's; null when none came.</returns>
    public async Task<HeldMessage?> ReceiveAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        Interlocked.Increment(ref _waiting);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (await TakeAsync().ConfigureAwait(false) is { } message)
                    return message;
                var left = wait - _time.GetElapsedTime(start);
                if (left < ShortestReceive)
                    return null;
                var receiving = Receive(left);
                if (wait <= _options.LookTime)
                {
                    // Only a look: one receive, however long it takes to connect.
                    await receiving.WaitAsync(cancellationToken).ConfigureAwait(false);
                    return await TakeAsync().ConfigureAwait(false);
                }

                using var isOver = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny(receiving, Task.Delay(Shorter(left, _options.LongestReceive), _time, isOver.Token)).ConfigureAwait(false);
                await isOver.CancelAsync().ConfigureAwait(false);
                if (receiving.IsCompleted)
                    await receiving.ConfigureAwait(false); // Its failure is the caller's.
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Gives back what arrived for nobody.</summary>
    public async ValueTask DisposeAsync()
    {
        _arrived.Writer.TryComplete();
        while (_arrived.Reader.TryRead(out var message))
            await AbandonAsync(message).ConfigureAwait(false);
    }

    private Task Receive(TimeSpan wait)
    {
        lock (_lock)
        {
            if (_receiving.IsCompleted)
                _receiving = ReceiveOneAsync(Shorter(wait, _options.LongestReceive));
            return _receiving;
        }
    }

    private async Task ReceiveOneAsync(TimeSpan wait)
    {
        long start = TimeProvider.System.GetTimestamp(); // The machine's clock, since the SDK waits by that.
        var connection = _connections.Current;
        ServiceBusReceivedMessage? message;
        do
        {
            (connection, message) = await _pipelines.Receives.ExecuteAsync(
                async _ =>
                {
                    var current = _connections.Current;
                    if (await current.OpenAsync(2 * _options.CallTimeout).ConfigureAwait(false))
                        start = TimeProvider.System.GetTimestamp();
                    return await ReceiveThroughAsync(current, Left()).ConfigureAwait(false);
                }).ConfigureAwait(false);
        }
        while (message is null && Left() > ShortestReceive); // A link that the service detaches ends a receive early, without a word.

        if (message is null)
        {
            await ConsiderSilenceAsync(connection).ConfigureAwait(false);
            return;
        }

        _lastSign = _time.GetTimestamp();
        Arrivals++;
        connection.Hold();
        var held = new HeldMessage(message, connection, _lastSign);
        if (!_arrived.Writer.TryWrite(held))
            await AbandonAsync(held).ConfigureAwait(false);
        else if (Volatile.Read(ref _waiting) == 0)
            _ = GiveBackUnlessTakenAsync();

        TimeSpan Left() => wait - TimeProvider.System.GetElapsedTime(start) is var left && left > ShortestReceive ? left : ShortestReceive;
    }

    private async Task<(BusConnection Connection, ServiceBusReceivedMessage? Message)> ReceiveThroughAsync(BusConnection connection, TimeSpan wait)
    {
        try
        {
            return (connection, await connection.Receiver.ReceiveMessageAsync(wait, CancellationToken.None).WaitAsync(wait + Overtime, TimeProvider.System).ConfigureAwait(false));
        }
        catch (TimeoutException)
        {
            _connections.Replace(connection); // Its receive never ends.
            return (connection, null);
        }
    }

    /// <summary>Takes what has arrived, unless it lay here for so long that its lock is half over.</summary>
    private async Task<HeldMessage?> TakeAsync()
    {
        while (_arrived.Reader.TryRead(out var message))
        {
            if (_time.GetElapsedTime(message.LockedAt) < _options.LockDuration / 2)
                return message;
            await AbandonAsync(message).ConfigureAwait(false);
        }

        return null;
    }

    private async Task GiveBackUnlessTakenAsync()
    {
        await Task.Delay(_options.Grace, _time, CancellationToken.None).ConfigureAwait(false);
        if (Volatile.Read(ref _waiting) == 0 && _arrived.Reader.TryRead(out var message))
            await AbandonAsync(message).ConfigureAwait(false);
    }

    private async Task AbandonAsync(HeldMessage message)
    {
        // If that fails, the lock runs out.
        await message.Receiver.AbandonMessageAsync(message.Message).WaitAsync(_options.CloseTimeout, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        message.Release();
    }

    /// <summary>Replaces a connection that brings nothing although there is something to bring.</summary>
    private async Task ConsiderSilenceAsync(BusConnection connection)
    {
        if (_time.GetElapsedTime(_lastSign) < _options.SilenceLimit)
            return;
        _lastSign = _time.GetTimestamp();
        if (!await IsKnownEmptyAsync(connection).ConfigureAwait(false))
            _connections.Replace(connection);
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private async Task<bool> IsKnownEmptyAsync(BusConnection connection)
    {
        const int some = 32;
        try
        {
            var messages = await connection.Receiver.PeekMessagesAsync(some, fromSequenceNumber: 0).WaitAsync(_options.CallTimeout, TimeProvider.System).ConfigureAwait(false);
            return messages.Count < some && messages.All(m => m.State != ServiceBusMessageState.Active);
        }
        catch (Exception e) when (ServiceBusFailures.IsFailure(e))
        {
            return false; // Nobody knows.
        }
    }
}
