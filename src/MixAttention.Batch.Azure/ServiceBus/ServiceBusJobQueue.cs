using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Azure.Core;
using Azure.Messaging.ServiceBus;
using MixAttention.Batch.Jobs;
using MixAttention.Batch.Queue;

namespace MixAttention.Batch.Azure.ServiceBus;

/// <summary>A queue of Azure Service Bus, spoken to by AMQP.</summary>
/// <remarks>
/// <para>The service tells a lock from none only through the link that brought the message, so a delivery is settled by the object that received it, and one whose link is gone may be lost
/// although its time has not run out.</para>
/// <para>Messages that are given back with a delay are copies: the copy is sent first, then the message is completed, so a death in between leaves both.</para>
/// </remarks>
public sealed class ServiceBusJobQueue : IJobQueue
{
    // No lock of the service is longer than five minutes, so what was not renewed for so long is nobody's any more.
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ShortestLock = TimeSpan.FromSeconds(1);

    private readonly ServiceBusFailures _failures;
    private readonly ServiceBusPipelines _pipelines;
    private readonly BusConnections _connections;
    private readonly OneMessageReceiver _receiver;
    private readonly DeadLetters _deadLetters;
    private readonly ConcurrentDictionary<string, HeldMessage> _held = new(StringComparer.Ordinal);
    private readonly ServiceBusQueueOptions _options;
    private readonly TimeProvider _time;
    private long _lockTicks;

    private ServiceBusJobQueue(ServiceBusAddress address, Func<ServiceBusClient> open, ServiceBusQueueOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _lockTicks = options.LockDuration.Ticks;
        _failures = new ServiceBusFailures(address);
        _pipelines = new ServiceBusPipelines(_failures, options);
        _connections = new BusConnections(open, address.Queue, options.CloseTimeout);
        _receiver = new OneMessageReceiver(_connections, _pipelines, options, time);
        _deadLetters = new DeadLetters(_connections, _pipelines, options);
    }

    /// <inheritdoc />
    public TimeSpan LockDuration => new(Interlocked.Read(ref _lockTicks));

    /// <summary>Gets how many messages this object has received.</summary>
    internal long Arrivals => _receiver.Arrivals;

    /// <summary>Gets how often a connection that brought nothing was replaced.</summary>
    internal int Replacements => _connections.Replacements;

    /// <summary>Opens a queue of a namespace; connects at the first call.</summary>
    /// <param name="address">The queue.</param>
    /// <param name="credential">Who asks.</param>
    /// <param name="options">The operator's decisions.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The address is an emulator's.</exception>
    public static ServiceBusJobQueue Open(ServiceBusAddress address, TokenCredential credential, ServiceBusQueueOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(options);
        if (address.IsEmulator)
            throw new ArgumentException($"{address} is an emulator on this machine, and none is asked for. Say --emulator, or give sb://NAMESPACE.servicebus.windows.net/QUEUE.", nameof(address));
        return new ServiceBusJobQueue(address, () => new ServiceBusClient(address.Host, credential, ClientOptions(options)), options, time);
    }

    /// <summary>Opens a queue of an emulator on this machine, without identity and encryption.</summary>
    /// <param name="address">The queue.</param>
    /// <param name="options">The operator's decisions.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The address is not an emulator's.</exception>
    public static ServiceBusJobQueue OpenEmulator(ServiceBusAddress address, ServiceBusQueueOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(options);
        if (!address.IsEmulator)
            throw new ArgumentException($"{address} is no emulator on this machine. Leave --emulator out, or give sb://127.0.0.1:PORT/QUEUE.", nameof(address));
        // Emulators want a key and look at none.
        string emulator = $"Endpoint=sb://{address.Host}:{address.Port};SharedAccessKeyName=emulator;SharedAccessKey=none;UseDevelopmentEmulator=true";
        return new ServiceBusJobQueue(address, () => new ServiceBusClient(emulator, ClientOptions(options)), options, time);
    }

    /// <inheritdoc />
    public async Task SendAsync(JobMessage message, TimeSpan delay = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        var written = MessageFormat.Write(message);
        if (delay > TimeSpan.Zero)
            written.ScheduledEnqueueTime = _time.GetUtcNow() + delay;
        await CallAsync($"Sending message {message.MessageId}", token => _connections.Current.Sender.SendMessageAsync(written, token), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public async Task<JobDelivery?> ReceiveAsync(TimeSpan wait, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(wait, TimeSpan.Zero);
        HeldMessage? held;
        try
        {
            held = await _receiver.ReceiveAsync(wait > _options.LookTime ? wait : _options.LookTime, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (ServiceBusFailures.IsFailure(e))
        {
            throw _failures.Explain("Receiving", e);
        }

        _failures.NoteSuccess();
        ForgetLapsed();
        if (held is null)
            return null;
        LearnLockDuration(held.Message);
        _held[held.Message.LockToken] = held;
        return MessageFormat.Read(held.Message);
    }

    /// <inheritdoc />
    public async Task<DateTimeOffset> RenewAsync(JobDelivery delivery, CancellationToken cancellationToken = default)
    {
        var held = Find(delivery);
        long asked = _time.GetTimestamp();
        try
        {
            await _pipelines.Renewals.ExecuteAsync(
                async token => await held.Receiver.RenewMessageLockAsync(held.Message, token).WaitAsync(token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (ServiceBusException e) when (e.Reason == ServiceBusFailureReason.MessageLockLost)
        {
            Forget(delivery);
            throw new LockLostException(delivery.MessageId, e);
        }
        catch (Exception e) when (ServiceBusFailures.IsFailure(e))
        {
            throw _failures.Explain($"Renewing the lock of message {delivery.MessageId}", e);
        }

        held.LockedAt = asked;
        return held.Message.LockedUntil;
    }

    /// <inheritdoc />
    public Task CompleteAsync(JobDelivery delivery, CancellationToken cancellationToken = default)
    {
        int tries = 0;
        return SettleAsync(delivery, "Completing", CompleteOnceAsync, cancellationToken);

        async Task CompleteOnceAsync(HeldMessage held, CancellationToken token)
        {
            tries++;
            try
            {
                await held.Receiver.CompleteMessageAsync(held.Message, token).ConfigureAwait(false);
            }
            catch (ServiceBusException e) when (tries > 1 && e.Reason == ServiceBusFailureReason.MessageLockLost)
            {
                // An earlier try had done it and its reply was lost; or the message comes again, and its work is found done.
            }
        }
    }

    /// <inheritdoc />
    public async Task GiveBackAsync(JobDelivery delivery, TimeSpan delay, bool countsAsFailure, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        var message = Find(delivery).Message;
        int failures = MessageFormat.CountFailures(message) + (countsAsFailure ? 1 : 0);
        if (delay > TimeSpan.Zero)
        {
            await GiveBackLaterAsync(delivery, message, delay, failures, cancellationToken).ConfigureAwait(false);
            return;
        }

        var changes = countsAsFailure ? new Dictionary<string, object> { [MessageFormat.Failures] = failures } : null;
        await SettleAsync(delivery, "Giving back", (held, token) => held.Receiver.AbandonMessageAsync(held.Message, changes, token), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public Task PutAsideAsync(JobDelivery delivery, string reason, string cure, CancellationToken cancellationToken = default)
    {
        var message = Find(delivery).Message;
        var changes = new Dictionary<string, object>
        {
            [MessageFormat.PutAsideAt] = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            [MessageFormat.PutAsideDeliveries] = MessageFormat.CountDeliveries(message),
        };
        return SettleAsync(
            delivery,
            "Putting aside",
            (held, token) => held.Receiver.DeadLetterMessageAsync(held.Message, changes, MessageFormat.Fit(reason), MessageFormat.Fit(cure), token),
            cancellationToken);
    }

    /// <inheritdoc />
    /// <remarks>Looks at every message, since only administrators may ask for counts: one call for each hundred.</remarks>
    public async Task<QueueCounts> CountAsync(CancellationToken cancellationToken = default)
    {
        long ready = 0;
        long delayed = 0;
        long aside = 0;
        try
        {
            await foreach (var message in _deadLetters.PeekAllAsync(_connections.Current.Receiver, cancellationToken).ConfigureAwait(false))
            {
                if (message.State == ServiceBusMessageState.Scheduled)
                    delayed++;
                else
                    ready++;
            }

            await foreach (var _ in _deadLetters.PeekAsync(cancellationToken).ConfigureAwait(false))
                aside++;
        }
        catch (Exception e) when (ServiceBusFailures.IsFailure(e))
        {
            throw _failures.Explain("Counting messages", e);
        }

        return new QueueCounts(ready, delayed, Locked: null, aside);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<AsideMessage> ListAsideAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var messages = _deadLetters.PeekAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var _ = messages.ConfigureAwait(false);
        while (await NextAsync().ConfigureAwait(false))
            yield return MessageFormat.ReadAside(messages.Current);

        async Task<bool> NextAsync()
        {
            try
            {
                return await messages.MoveNextAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (ServiceBusFailures.IsFailure(e))
            {
                throw _failures.Explain("Listing the messages put aside", e);
            }
        }
    }

    /// <inheritdoc />
    public Task<bool> ResendAsync(AsideMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return TakeAsideAsync(
            "Sending again",
            message,
            // The id is new, or the service would drop the message as a duplicate of itself; the same at each try of this message.
            found => _connections.Current.Sender.SendMessageAsync(MessageFormat.CopyAsNew(found, $"resend-{message.Id}-{found.EnqueuedTime.ToUnixTimeMilliseconds()}"), CancellationToken.None),
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> DropAsync(AsideMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return TakeAsideAsync("Dropping", message, _ => Task.CompletedTask, cancellationToken);
    }

    /// <summary>Closes the connections within seconds, also where the service hangs; what is in hand comes again when its lock runs out.</summary>
    public async ValueTask DisposeAsync()
    {
        await _receiver.DisposeAsync().ConfigureAwait(false);
        await _connections.DisposeAsync().ConfigureAwait(false);
    }

    private static ServiceBusClientOptions ClientOptions(ServiceBusQueueOptions options) => new()
    {
        // Tries are counted in one place, which is not this one.
        RetryOptions = new ServiceBusRetryOptions { MaxRetries = 0, TryTimeout = options.CallTimeout },
    };

    private async Task GiveBackLaterAsync(JobDelivery delivery, ServiceBusReceivedMessage message, TimeSpan delay, int failures, CancellationToken cancellationToken)
    {
        // The lock token is another one at each delivery and the same at each try of this call.
        var copy = MessageFormat.CopyWithCounts(message, delivery.LockToken, failures);
        var at = _time.GetUtcNow() + delay;
        long scheduled = 0;
        await CallAsync(
            $"Giving back message {delivery.MessageId}",
            async token => scheduled = await _connections.Current.Sender.ScheduleMessageAsync(copy, at, token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        try
        {
            await CompleteAsync(delivery, cancellationToken).ConfigureAwait(false);
        }
        catch (LockLostException)
        {
            // Somebody else has the message or will: without this the copy would be a second one. If it stays, the work is found done.
            await _connections.Current.Sender.CancelScheduledMessageAsync(scheduled, CancellationToken.None).WaitAsync(_options.CallTimeout, TimeProvider.System, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task<bool> TakeAsideAsync(string what, AsideMessage message, Func<ServiceBusReceivedMessage, Task> before, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipelines.Receives.ExecuteAsync(async token => await _deadLetters.TakeAsync(message.Id, before, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (ServiceBusFailures.IsFailure(e))
        {
            throw _failures.Explain($"{what} message {message.MessageId}", e);
        }
    }

    private async Task SettleAsync(JobDelivery delivery, string what, Func<HeldMessage, CancellationToken, Task> settle, CancellationToken cancellationToken)
    {
        var held = Find(delivery);
        try
        {
            await CallAsync($"{what} message {delivery.MessageId}", token => settle(held, token), cancellationToken).ConfigureAwait(false);
            Forget(delivery);
        }
        catch (ServiceBusException e) when (e.Reason == ServiceBusFailureReason.MessageLockLost)
        {
            Forget(delivery);
            throw new LockLostException(delivery.MessageId, e);
        }
    }

    private async Task CallAsync(string what, Func<CancellationToken, Task> call, CancellationToken cancellationToken)
    {
        try
        {
            await _pipelines.Calls.ExecuteAsync(async token => await call(token).WaitAsync(token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            _failures.NoteSuccess();
        }
        catch (Exception e) when (ServiceBusFailures.IsFailure(e) && e is not ServiceBusException { Reason: ServiceBusFailureReason.MessageLockLost })
        {
            throw _failures.Explain(what, e);
        }
    }

    private HeldMessage Find(JobDelivery delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return _held.TryGetValue(delivery.LockToken, out var held) ? held : throw new LockLostException(delivery.MessageId);
    }

    private void Forget(JobDelivery delivery)
    {
        if (_held.TryRemove(delivery.LockToken, out var held))
            held.Release();
    }

    private void ForgetLapsed()
    {
        foreach (var (token, held) in _held)
        {
            if (_time.GetElapsedTime(held.LockedAt) > ForgetAfter && _held.TryRemove(token, out _))
                held.Release();
        }
    }

    /// <summary>Makes the lock duration shorter where a delivery shows that it is: no lock can end sooner after the message's arrival than it lasts. No clock but the service's is in this.</summary>
    private void LearnLockDuration(ServiceBusReceivedMessage message)
    {
        var longest = message.LockedUntil - message.EnqueuedTime;
        if (longest >= ShortestLock && longest < LockDuration)
            Interlocked.Exchange(ref _lockTicks, longest.Ticks);
    }
}
